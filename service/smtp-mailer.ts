/** Mail by SMTP, as Node can send it. */
import { createTransport } from "nodemailer";
import type { Mailer } from "./mailer.ts";

/** Somebody waits in front of a screen. */
const answerMsMax = 10_000;

/** RFC 5321 section 4.2.3. A server that refuses for other reasons may take the mail later, or is not set up for it. */
const noMailboxCodes: ReadonlySet<number> = new Set([550, 551, 553]);

interface SmtpError {
  /** What was being said. */
  readonly command?: string;
  readonly responseCode?: number;
}

export interface SmtpOptions {
  /** `smtps://user:password@host:465`, or `smtp://…:587`, which is encrypted where the server offers it. */
  readonly url: string;
  readonly from: Sender;
}

export interface Sender {
  readonly name: string;
  readonly address: string;
}

export function createSmtpMailer({ url, from }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    connectionTimeout: answerMsMax,
    greetingTimeout: answerMsMax,
    socketTimeout: answerMsMax,
    dnsTimeout: answerMsMax,
    // Nothing a mail could name is read from this machine, or fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, ...content }) {
      try {
        await transport.sendMail({
          ...content,
          // Name and address apart: in one string, a line break could become another recipient.
          from: { ...from },
          to: { name: "", address: to },
          headers: { "auto-submitted": "auto-generated" },
        });
        return true;
      } catch (error) {
        const { command, responseCode = 0 } = error as SmtpError;
        if (command === "RCPT TO" && noMailboxCodes.has(responseCode)) return false;
        throw error;
      }
    },
  };
}

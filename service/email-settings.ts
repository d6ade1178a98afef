/** How mail leaves the service, as the environment says. */
import { readAddress } from "./email-address.ts";
import type { Fault } from "./faults.ts";
import type { EmailSettings } from "./mailer.ts";
import type { SettingsReader } from "./settings-reader.ts";
import { createSmtpMailer } from "./smtp-mailer.ts";
import type { Sender } from "./smtp-mailer.ts";

/** Returns what makes the mailer, once everything is known to be right. */
export function readEmail(reader: SettingsReader): (() => EmailSettings) | undefined {
  const { together, read, check, warnings } = reader;
  const appName = read("PRESYNC_APP_NAME");
  const settings = together("PRESYNC_SMTP_URL", "PRESYNC_MAIL_FROM");
  if (settings === undefined) return undefined;
  const { PRESYNC_SMTP_URL: url, PRESYNC_MAIL_FROM: sender } = settings;
  const from = readSender(sender);
  check("PRESYNC_SMTP_URL", smtpFault(url));
  check("PRESYNC_MAIL_FROM", from === null ? "is no `Name <address>`" : undefined);
  if (isPlainSmtp(url))
    warnings.push("PRESYNC_SMTP_URL is not smtps: a password may travel readable");
  return () => ({
    mailer: createSmtpMailer({ url, from: from! }),
    ...(appName === undefined ? {} : { appName }),
  });
}

/** `Notes <no-reply@example.com>`, or the address alone. */
function readSender(text: string): Sender | null {
  const [, name = "", inBrackets] = /^([^<>]*)<([^<>]+)>$/.exec(text) ?? [];
  try {
    return { name: name.trim(), address: readAddress(inBrackets ?? text) };
  } catch {
    return null;
  }
}

function smtpFault(text: string): Fault {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSmtp = url !== undefined && ["smtp:", "smtps:"].includes(url.protocol);
  return isSmtp && url.hostname !== "" ? undefined : "is no smtp or smtps URL";
}

/** Also with STARTTLS somebody in between can take the offer of it away. */
function isPlainSmtp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return protocol === "smtp:" && username !== "" && !isHere;
}

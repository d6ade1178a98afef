/** The mail with the link. */
import { html } from "hono/html";
import { linkSecondsMax } from "./email-links.ts";
import type { Mail } from "./mailer.ts";

/** Headers are for one line of readable letters. */
const nameLettersMax = 60;

export interface MailContent {
  readonly to: string;
  /** What the app calls itself. */
  readonly appName: string;
  /** Origin of the page that asked. */
  readonly appOrigin: string;
  readonly link: string;
}

export async function composeMail({ to, appName, appOrigin, link }: MailContent): Promise<Mail> {
  const name = oneLine(appName);
  const minutes = linkSecondsMax / 60;
  const lines = [
    `Open this link to sign in to ${name} (${appOrigin}):`,
    link,
    `It is good for ${minutes} minutes, and once. Opened on another device than the one you asked on, it shows a ` +
      "code to type there.",
    "If you have not asked for this, do nothing: nobody can sign in without this mail. Never tell anybody the code.",
  ];
  const [asked, , life, warning] = lines;
  const page = html`<!doctype html>
    <html lang="en">
      <body style="font-family: sans-serif; line-height: 1.5; max-width: 36em">
        <p>${asked}</p>
        <p><a href="${link}" style="font-size: 1.2em">Sign in to ${name}</a></p>
        <p>${life}</p>
        <p>${warning}</p>
      </body>
    </html>`;
  return {
    to,
    subject: `Sign in to ${name}`,
    text: `${lines.join("\n\n")}\n`,
    html: String(await page),
  };
}

/** An app's name comes from its operator's settings; still no line break of it gets into a header. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, nameLettersMax);
}

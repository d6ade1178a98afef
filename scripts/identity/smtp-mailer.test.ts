import { afterEach, expect, test } from "vitest";
import type { MailServer } from "./mail-server.ts";
import { startMailServer } from "./mail-server.ts";
import { composeMail } from "../../service/email-mail.ts";
import type { Mailer } from "../../service/mailer.ts";
import { createSmtpMailer } from "../../service/smtp-mailer.ts";

let server: MailServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const from = { name: "Notes", address: "no-reply@example.com" };
const link = `https://sync.example.com/v1/auth/email/link/${"a".repeat(43)}/${"b".repeat(43)}`;

async function start(): Promise<Mailer> {
  server = await startMailServer();
  return createSmtpMailer({ url: server.url, from });
}

test("a mail arrives as it was composed, its link in one piece", async () => {
  const mailer = await start();
  const composed = await composeMail({
    to: "ada@example.com",
    appName: "Nötes & <b>more</b>",
    appOrigin: "https://app.example.com",
    link,
  });
  expect(await mailer.send(composed)).toBe(true);
  const [{ to, mail }] = server!.received as [MailServer["received"][number]];
  expect(to).toEqual(["ada@example.com"]);
  expect(mail).toMatchObject({ subject: "Sign in to Nötes & <b>more</b>", from });
  expect(mail.text).toContain(`\n${link}\n`);
  expect(mail.html).toContain(`href="${link}"`);
  expect(mail.html).toContain("Nötes &amp; &lt;b&gt;more&lt;/b&gt;");
  expect(mail.headers).toContainEqual(
    expect.objectContaining({ key: "auto-submitted", value: "auto-generated" }),
  );
});

test("line breaks add neither headers nor recipients", async () => {
  const mailer = await start();
  await mailer.send({
    to: "ada@example.com",
    subject: "Sign in\r\nBcc: eve@example.com",
    text: "a text",
    html: "<p>a text</p>",
  });
  const [{ to, mail }] = server!.received as [MailServer["received"][number]];
  expect(to).toEqual(["ada@example.com"]);
  expect(mail.bcc).toBeUndefined();
  expect(mail.headers.map(({ key }) => key)).not.toContain("bcc");
});

const refused = { code: "EENVELOPE" };
const mail = { subject: "Hello", text: "a text", html: "<p>a text</p>" };

test("a mailbox that does not exist is no error", async () => {
  const mailer = await start();
  for (const code of [550, 551, 553])
    expect(await mailer.send({ ...mail, to: `refused-${code}@example.com` })).toBe(false);
});

test("a server that puts off, forbids, refuses the sender or is down is one", async () => {
  const mailer = await start();
  for (const code of [450, 554])
    await expect(mailer.send({ ...mail, to: `refused-${code}@example.com` })).rejects.toMatchObject(
      refused,
    );
  const sender = { name: "Notes", address: "refused-553@example.com" };
  const misconfigured = createSmtpMailer({ url: server!.url, from: sender });
  await expect(misconfigured.send({ ...mail, to: "ada@example.com" })).rejects.toMatchObject(
    refused,
  );
  await server?.close();
  await expect(mailer.send({ ...mail, to: "ada@example.com" })).rejects.toMatchObject({
    code: expect.stringMatching(/^E/) as string,
  });
});

/** A real SMTP server for tests: it wants a password, keeps the mails, and refuses an address such as `refused-550@…`. */
import type { AddressInfo } from "node:net";
import type { Email } from "postal-mime";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  /** As the envelope has it. */
  readonly to: readonly string[];
  readonly mail: Email;
}

export interface MailServer {
  /** `smtp://user:password@host:port`. */
  readonly url: string;
  /** Oldest first. */
  readonly received: readonly ReceivedMail[];
  close(): Promise<void>;
}

const user = "presync";
const password = "a password, with / and @ in it";

export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    // Its certificate would be one that nobody trusts.
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth({ username, password: given }, _session, done) {
      if (username === user && given === password) done(null, { user });
      else done(new Error("wrong user or password"));
    },
    onMailFrom: ({ address }, _session, done) => done(refusalOf(address)),
    onRcptTo: ({ address }, _session, done) => done(refusalOf(address)),
    onData(stream, { envelope }, done) {
      const to = envelope.rcptTo.map(({ address }) => address);
      receive(stream).then(
        (mail) => {
          received.push({ to, mail });
          done();
        },
        (error: unknown) => done(error as Error),
      );
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  const credentials = [user, password].map(encodeURIComponent).join(":");
  return {
    url: `smtp://${credentials}@127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

async function receive(stream: AsyncIterable<Uint8Array>): Promise<Email> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return PostalMime.parse(Buffer.concat(chunks));
}

function refusalOf(address: string): Error | null {
  const responseCode = Number(/^refused-(\d{3})@/.exec(address)?.[1]);
  return responseCode > 0 ? Object.assign(new Error("refused"), { responseCode }) : null;
}

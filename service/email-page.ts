/** The pages a mailed link leads to: without script, so that they work in whatever opens them. */
import type { Context } from "hono";
import { html, raw } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { showTypedCode } from "../shared/typed-code.ts";

type Html = ReturnType<typeof html>;

const style = `
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  h1 { font-size: 1.6rem; line-height: 1.25; text-wrap: balance; }
  main { max-width: 28rem; padding: 2rem; text-align: center; }
  button { font: inherit; padding: 0.6em 1.6em; border: 0; border-radius: 0.5em; cursor: pointer;
    background: #2350c8; color: #fff; }
  button:focus-visible { outline: 3px solid #7aa2ff; outline-offset: 2px; }
  output { display: block; font: 600 2.2rem/2 ui-monospace, monospace; letter-spacing: 0.08em; }
  small { opacity: 0.8; }`;

interface PagePolicy {
  /** Origins to which the page's form may lead. */
  readonly formTo: readonly string[];
  readonly status?: ContentfulStatusCode;
}

/** Asks for the click that no link checker makes. */
export function confirmPage(c: Context, appName: string, appOrigin: string): Promise<Response> {
  return page(
    c,
    { formTo: [appOrigin] },
    `Sign in to ${appName}`,
    html` <h1>Sign in to ${appName}?</h1>
      <p>
        Somebody has asked on ${appOrigin} to sign in with this mail address. If it was not you,
        close this page.
      </p>
      <form method="post"><button>Sign in</button></form>`,
  );
}

export function overPage(c: Context): Promise<Response> {
  return page(
    c,
    { formTo: [], status: 410 },
    "This link is over",
    html` <h1>This link is over</h1>
      <p>
        It was used, or is more than a quarter of an hour old. Ask for another one where you want to
        sign in.
      </p>`,
  );
}

/** For a link that was opened where nobody had asked for it. */
export function codePage(c: Context, code: string): Promise<Response> {
  return page(
    c,
    { formTo: [] },
    "Type this code where you asked",
    html` <h1>Type this code where you asked</h1>
      <output>${showTypedCode(code)}</output>
      <p>
        You have asked to sign in on another device, or in another browser. It waits for this code.
      </p>
      <p>
        <small>Never tell it anybody: whoever asks you for it wants to sign in as you.</small>
      </p>`,
  );
}

async function page(
  c: Context,
  { formTo, status = 200 }: PagePolicy,
  title: string,
  content: Html,
): Promise<Response> {
  const forms = formTo.length === 0 ? "'none'" : `'self' ${formTo.join(" ")}`;
  const policy = [
    "default-src 'none'",
    // No other style, and no script.
    `style-src 'sha256-${await base64Hash(style)}'`,
    // For the icon that browsers ask for otherwise.
    "img-src data:",
    `form-action ${forms}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  c.header("content-security-policy", policy.join("; "));
  // With no-referrer the form's POST would have no origin.
  c.header("referrer-policy", "same-origin");
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="robots" content="noindex" />
          <link rel="icon" href="data:," />
          <title>${title}</title>
          ${raw(`<style>${style}</style>`)}
        </head>
        <body>
          <main>${content}</main>
        </body>
      </html>`,
    status,
  );
}

async function base64Hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCodePoint(...new Uint8Array(digest)));
}

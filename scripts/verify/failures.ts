/** Which tests failed, and with what, out of the reports of the runners: what one looks for below an hour's output. */

/** What vitest's JSON reporter writes, as far as it is read here. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs?: readonly {
    readonly title: string;
    readonly file: string;
    readonly line: number;
    readonly tests: readonly {
      readonly status: string;
      readonly results: readonly { readonly error?: { readonly message?: string } }[];
    }[];
  }[];
}

/** What Playwright's JSON reporter writes, as far as it is read here. */
export interface PlaywrightReport extends PlaywrightSuite {
  readonly stats: Readonly<Record<"expected" | "unexpected" | "flaky" | "skipped", number>>;
}

export function vitestFailures(report: VitestReport): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    // A file that does not load has failed without a test of its own.
    if (failed.length === 0) return status === "failed" ? [line(name, message)] : [];
    return failed.map((test) => line(test.fullName, test.failureMessages?.[0]));
  });
}

export function playwrightFailures({ suites = [], specs = [] }: PlaywrightSuite): string[] {
  const own = specs.flatMap(({ title, file, line: at, tests }) =>
    tests
      .filter(({ status }) => status === "unexpected" || status === "flaky")
      .map(({ results }) =>
        line(`${file}:${at} ${title}`, results.find(({ error }) => error)?.error?.message),
      ),
  );
  return [...own, ...suites.flatMap(playwrightFailures)];
}

/** An error's first line says enough to know it by; the rest stands where the test ran. */
function line(name: string, message = "no message"): string {
  // oxlint-disable-next-line no-control-regex -- terminals' colours are control characters
  const [first = ""] = message.replaceAll(/\u001b\[\d+m/g, "").split("\n");
  return `${name}: ${first}`;
}

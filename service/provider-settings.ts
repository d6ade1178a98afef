/** Where users may sign in, as the environment says. */
import { providersFault } from "./faults.ts";
import type { Provider } from "./provider.ts";
import { githubProvider } from "./providers/github.ts";
import { oidcProvider } from "./providers/oidc.ts";
import type { SettingsReader } from "./settings-reader.ts";
import { isPlainHttp } from "./settings-reader.ts";

/** Returns what makes the providers, once everything is known to be right. */
export function readProviders(reader: SettingsReader): () => Provider[] {
  const makers = [readGithub(reader), readOidc(reader)];
  return () => makers.flatMap((make) => make?.() ?? []);
}

function readGithub({ together, url, warnings }: SettingsReader): (() => Provider) | undefined {
  const client = together("PRESYNC_GITHUB_CLIENT_ID", "PRESYNC_GITHUB_CLIENT_SECRET");
  const names = ["PRESYNC_GITHUB_URL", "PRESYNC_GITHUB_API_URL"] as const;
  const [address, apiAddress] = names.map((name) => url(name));
  for (const [index, value] of [address, apiAddress].entries())
    if (value !== undefined && isPlainHttp(value)) warnings.push(plainWords(names[index]!));
  if (client === undefined) return undefined;
  return () =>
    githubProvider({
      clientId: client.PRESYNC_GITHUB_CLIENT_ID,
      clientSecret: client.PRESYNC_GITHUB_CLIENT_SECRET,
      ...(address === undefined ? {} : { url: address }),
      ...(apiAddress === undefined ? {} : { apiUrl: apiAddress }),
    });
}

function readOidc(reader: SettingsReader): (() => Provider) | undefined {
  const { together, url, check, read, warnings } = reader;
  const client = together(
    "PRESYNC_OIDC_ISSUER",
    "PRESYNC_OIDC_CLIENT_ID",
    "PRESYNC_OIDC_CLIENT_SECRET",
  );
  if (client === undefined) return undefined;
  const issuer = url("PRESYNC_OIDC_ISSUER") ?? "";
  if (isPlainHttp(issuer)) warnings.push(plainWords("PRESYNC_OIDC_ISSUER"));
  const name = read("PRESYNC_OIDC_NAME") ?? "oidc";
  check("PRESYNC_OIDC_NAME", providersFault([name]));
  return () =>
    oidcProvider({
      name,
      issuer,
      clientId: client.PRESYNC_OIDC_CLIENT_ID,
      clientSecret: client.PRESYNC_OIDC_CLIENT_SECRET,
    });
}

function plainWords(name: string): string {
  return `${name} is not https: the client's secret travels readable`;
}

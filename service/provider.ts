/** Who can say who somebody is: GitHub, an OpenID provider, or anything else that sends browsers there and back. */

export interface ProviderRequest {
  /** Where the provider sends the browser back to: exactly this. */
  readonly redirectUri: string;
  /** Comes back unchanged. */
  readonly state: string;
  /** Of PKCE (RFC 7636): the provider is shown its hash first, and this with the code. */
  readonly codeVerifier: string;
  /** For ID tokens. */
  readonly nonce: string;
}

export interface Provider {
  /**
   * What `signIn()` calls it, and the first part of its users' namespaces: two to sixteen small letters, and not `key`,
   * `email` or `space`.
   */
  readonly name: string;
  /** Where to send the browser. */
  authorizationUrl(request: ProviderRequest): Promise<URL>;
  /**
   * The account that came back to `callback`: an id that never belongs to anybody else, of at most 128 letters, digits,
   * `-` and `_`. Throws `denied` where the user or the provider refused, `retry` where the provider does not answer.
   * Whatever token there is, is dropped here.
   */
  identify(request: ProviderRequest, callback: URL): Promise<string>;
}

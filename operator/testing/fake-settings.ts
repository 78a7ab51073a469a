// How to reach the fake API server, in the shape that a client is configured with.

export interface CredentialOverrides {
  readonly ca?: () => string
  readonly token?: () => string
}

/** Fits KubeSettings of kube/. */
export interface FakeSettings {
  readonly server: string
  readonly source: string
  credentials(): Promise<{
    readonly headers: Readonly<Record<string, string>>
    readonly tls: { readonly ca: string }
    readonly tlsId: string
  }>
  forget(): void
}

export function fakeSettings(server: string, authorityCa: string, overrides: CredentialOverrides): FakeSettings {
  const ca = overrides.ca ?? (() => authorityCa)
  const token = overrides.token ?? (() => 'test-token')
  return {
    server,
    source: 'test',
    forget: () => undefined,
    credentials: async () => ({ headers: { Authorization: `Bearer ${token()}` }, tls: { ca: ca() }, tlsId: ca() }),
  }
}

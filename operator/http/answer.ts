// What a route answers, as data; server.ts turns it into bytes. PURE.

export type Answer =
  | { readonly type: 'json'; readonly status: number; readonly body: object }
  | { readonly type: 'text'; readonly status: number; readonly text: string; readonly contentType?: string }
  | { readonly type: 'redirect'; readonly to: string }

/** `{"status":"success","data":…}`, the envelope of the Go version. */
export function success(data: unknown): Answer {
  return { type: 'json', status: 200, body: { status: 'success', data } }
}

/** `{"status":"error","error":"<sentence>"}` */
export function failure(status: number, error: string, more: object = {}): Answer {
  return { type: 'json', status, body: { status: 'error', error, ...more } }
}

export function plainText(status: number, text: string): Answer {
  return { type: 'text', status, text }
}

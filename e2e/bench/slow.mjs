// Preloaded into the operator for the negative control: 5 ms of standing still for each object that is made. A bar
// that this operator passes would not be a bar.
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'

const PAUSE_MS = 5
const cell = new Int32Array(new SharedArrayBuffer(4))
const request = https.request

https.request = function slowRequest(...parameters) {
  const options = parameters.find((parameter) => typeof parameter === 'object' && parameter?.method !== undefined)
  if (options?.method === 'POST') Atomics.wait(cell, 0, 0, PAUSE_MS)
  return request.apply(this, parameters)
}
syncBuiltinESMExports()

// Hands the workflow step of the request that is being served on with the requests that are made because of it.
//
// Copy this file into a service that has a Stepgate gate in front of it. It needs Node 18.3 or later and nothing else.
//
//     app.use(serve);                                                             // Express, Connect
//     http.createServer((request, response) => serve(request, response, () => handle(request, response)));
//
//     globalThis.fetch = carry(fetch);                                            // fetch
//     http.request(url, { headers: headers({ accept: 'text/plain' }) });          // http, https, and other clients
//
// A request that has the header already keeps its own. Only these calls hand the step on, to every host that they call.
//
// Limits. The step ends with its request: work that goes on after the answer has none. Nor has work from a queue or in
// a worker thread. At a join, with a receipt or with a start token, the application sets the header itself.

import { AsyncLocalStorage } from 'node:async_hooks';

/** The gate's `header`. */
export const HEADER = 'x-workflow-step';

const served = new AsyncLocalStorage();

/** Serves a request: `next`, and all that it calls, has the request's step until the response is closed. */
export function serve(request, response, next) {
  const current = { lines: request.headersDistinct[HEADER] };
  // The context of a request lives on in timers and promises.
  response.once('close', () => { current.lines = undefined; });
  return served.run(current, next);
}

/** These headers with the step, unless they have one. */
export function headers(own = {}) {
  const lines = served.getStore()?.lines;
  const has = Object.keys(own).some((name) => name.toLowerCase() === HEADER);
  return lines === undefined || has ? own : { ...own, [HEADER]: lines };
}

/** A `fetch` whose requests have the step, unless they have one. */
export function carry(fetch) {
  return (input, init) => {
    const lines = served.getStore()?.lines ?? [];
    const all = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (!all.has(HEADER)) lines.forEach((line) => all.append(HEADER, line));
    return fetch(input, { ...init, headers: all });
  };
}

/** @import { Status } from './choice.js' */
/** @import { Clock } from './clock.js' */
/** @import { State } from './connection.js' */
/** @import { RollcallError } from './error.js' */
/** @import { StorageLike } from './storage.js' */
/** @import { TokenSource } from './tokens.js' */

/**
 * What a client may be given, and what it tells of.
 *
 * @module
 */

/**
 * @typedef {object} Options
 * @property {TokenSource} [token] the token, or a function that gets one: called again whenever a fresh one
 *   is needed. Without it the connection is anonymous
 * @property {Record<string, any>} [meta] about this connection, for operators to see; at most 1 KiB
 * @property {number} [checkInterval] how often the clock is looked at, milliseconds; 1,000
 * @property {{ min?: number, max?: number }} [reconnect] the wait before a reconnect is random, from 0 to `min`
 *   (500 ms) after the first loss, and to twice as much after each failure, up to `max` (20,000 ms)
 * @property {number} [inferAfter] how long there must be no connection until members are thought to have left,
 *   milliseconds; by default the node's timeout
 * @property {StorageLike | null} [storage] instead of sessionStorage and localStorage; null: keep nothing
 * @property {any} [WebSocket] the class to use where there is no global one, as in Node 20
 * @property {boolean} [connect] false: wait for {@link Rollcall.connect}
 * @property {number} [maxFrame] the node's `--max-frame`, bytes; 16,384. A larger request is refused here, for
 *   the node would end the connection
 */

/** @typedef {Options & { clock?: Clock }} TestOptions */

/**
 * @typedef {object} RollcallEvents
 * @property {[state: State]} state
 * @property {[user: string | null]} user who we are has changed; null: nobody
 * @property {[status: Status]} status our chosen status has changed
 * @property {[expires: number]} expiring the token ends soon; a token function is asked by itself
 * @property {[error: RollcallError]} error something failed that nobody else is told of
 */

export {}

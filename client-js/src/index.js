/**
 * The client of Rollcall: who is here, right now?
 *
 * @module
 */
export { RollcallError } from './error.js'
export { Rollcall } from './rollcall.js'

/** @typedef {import('./choice.js').Status} Status */
/** @typedef {import('./connection.js').State} State */
/** @typedef {import('./follows.js').Followed} Followed */
/** @typedef {import('./follows.js').UserStatus} UserStatus */
/** @typedef {import('./monitor.js').Monitor} Monitor */
/** @typedef {import('./monitor.js').MonitorOptions} MonitorOptions */
/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('./roster.js').Change} Change */
/** @typedef {import('./roster.js').Member} Member */

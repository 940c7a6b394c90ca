/** What /client.js brings. */
declare var Rollcall: typeof import('../../../client-js/src/rollcall.js').Rollcall

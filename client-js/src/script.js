import { Rollcall } from './rollcall.js'

/** For pages without modules: `<script src="/client.js">` makes a global `Rollcall`. */
Object.assign(globalThis, { Rollcall })

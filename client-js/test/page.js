/** A page for tests; import it before the client, which looks for one when it is loaded. */
export const page = new EventTarget()
export const document = Object.assign(new EventTarget(), { hidden: false, focused: true, hasFocus: () => document.focused })
globalThis.document = document
globalThis.addEventListener = page.addEventListener.bind(page)
globalThis.removeEventListener = page.removeEventListener.bind(page)

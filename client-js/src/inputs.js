import { listen, page } from './page.js'

/** The events that show that somebody is there, unless the application names others. */
export const defaultInputs = 'mousemove mousedown keydown wheel touchstart pointerdown scroll focus visibilitychange'.split(' ')

/**
 * Listens to what people do on the page, and returns a function that ends it.
 *
 * @param {string[]} inputs names of the events that count as actions
 * @param {() => void} acted somebody did something
 * @param {(blurred: boolean) => void} blurred the window is not the one in use any more, or the app went to
 *   the background; or it is back
 */
export function watchInputs(inputs, acted, blurred) {
  if (!page) return () => {}
  const moved = movement()
  let cordova = false
  const run = (/** @type {any} */ event) => {
    const { type, target } = event
    const focus = type === 'focus' || type === 'blur'
    if (focus && target !== page) return // only an element of the page
    if (type === 'mousemove' && !moved(event)) return
    cordova ||= type === 'pause'
    if (type === 'resume' && !cordova) return // a browser's, for a page that was frozen: nobody need have come
    const away = type === 'blur' || type === 'pause' || (type === 'visibilitychange' && page.document.hidden)
    if (away || focus || type === 'resume' || type === 'visibilitychange') blurred(away)
    if (!away && (type === 'resume' || inputs.includes(type))) acted()
  }
  const cordovas = ['pause', 'resume'] // which come nowhere else
  return listen([[page, [...inputs, 'focus', 'blur', 'visibilitychange']], [page.document, cordovas]], run)
}

/**
 * Returns a function that tells whether the mouse has moved: browsers also report a move when the page
 * moves under a mouse that lies still.
 */
function movement() {
  let before = ''
  return (/** @type {{ screenX: number, screenY: number }} */ { screenX, screenY }) => {
    const now = screenX + ' ' + screenY
    const moved = now !== before
    before = now
    return moved
  }
}

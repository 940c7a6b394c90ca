import { byId, fill, keep, make, named, say } from './dom.js'
import { hue, initial } from './words.js'

/** @import { Seat } from './seats.js' */

const statuses = [['online', 'Online'], ['away', 'Away'], ['busy', 'Busy'], ['offline', 'Invisible']]
const shown = new Map()

/** Shows the seats of this page. @param {Seat[]} seats @param {(seat: Seat) => void} leave */
export function showSeats(seats, leave) {
  byId('seats').hidden = seats.length === 0
  keep(byId('seat-list'), shown, seats.map((seat) => [seat, seat]), (seat) => card(seat, leave))
}

/** @param {Seat} seat @param {(seat: Seat) => void} leave */
function card(seat, leave) {
  const { user } = seat.info
  const seal = make('span', { class: 'seal', 'aria-hidden': 'true' }, initial(user))
  seal.style.setProperty('--hue', String(hue(user)))
  const where = make('span', { class: 'where' })
  const status = make('select', { 'aria-label': `Status of ${user}`, onchange: () => seat.client.setStatus(status.value).catch(() => {}) },
    ...statuses.map(([value, text]) => make('option', { value }, text)))
  const drop = make('button', { type: 'button', title: 'As a bad network would', 'aria-label': `Cut the connection of ${user}`, onclick: () => seat.drop() }, 'Cut')
  const rise = make('button', { type: 'button', 'aria-label': `Leave as ${user}`, onclick: () => leave(seat) }, 'Leave')
  const element = make('li', { class: 'seat' }, seal, make('span', { class: 'who' }, make('span', { class: 'name' }, named(user)), where),
    make('span', { class: 'doings' }, status, drop, rise))
  element.show = () => {
    const { state, node, error } = seat.client
    element.dataset.state = state
    if (state === 'online') fill(where, 'on ', make('b', {}, node ?? ''))
    else if (state === 'closed') say(where, `closed${error ? `: ${error.message}` : ''}`)
    else say(where, node ? `${node} does not answer, looking for another` : 'connecting…')
    drop.disabled = state !== 'online'
    if (document.activeElement !== status) status.value = seat.client.status
  }
  return element
}

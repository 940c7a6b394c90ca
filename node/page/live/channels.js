import { byId, keep, make, named, say } from '../shared/dom.js'
import { count } from '../shared/words.js'

/** @import { Channel } from './api.js' */

const shown = new Map()

/** Shows the largest channels. @param {Channel[]} channels the largest first */
export function showChannels(channels) {
  const most = channels[0]?.users ?? 1
  byId('no-channels').hidden = channels.length > 0
  keep(byId('channels'), shown, channels.map((channel) => [channel.channel, { ...channel, share: channel.users / most }]), row)
}

/** @param {Channel & { share: number }} item */
function row({ channel }) {
  const size = make('span', { class: 'size' })
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' })
  const element = make('li', { class: 'channel' }, make('span', { class: 'name' }, named(channel)), size, bar)
  element.show = (/** @type {Channel & { share: number }} */ { users, sessions, share }) => {
    say(size, count(users, 'person', 'people') + (sessions > users ? `, ${sessions} sessions` : ''))
    bar.style.setProperty('--share', String(share))
  }
  return element
}

/**
 * What a page of the tests does: it enters a room as soon as it is loaded, and again when it is reloaded. The query says
 * who is in which room at which nodes; what happens there is in `log`.
 */
;(() => {
  const query = new URLSearchParams(location.search)
  const log = (globalThis.log = [])
  const token = async () => {
    log.push('token')
    return (await fetch(`/token?user=${encodeURIComponent(query.get('user'))}&ttl=${query.get('ttl') ?? 3600}`)).text()
  }
  const rollcall = (globalThis.rollcall = new globalThis.Rollcall(query.getAll('node'), { token }))
  const room = (globalThis.room = rollcall.join(query.get('room')))
  rollcall.on('state', (state) => log.push(`state ${state}`))
  room.on('join', (m) => log.push(`join ${m.user}`))
  room.on('update', (m) => log.push(`update ${m.user} ${m.status ?? 'online'}`))
  room.on('leave', (m, reason) => log.push(`leave ${m.user} ${reason}`))
  room.on('stale', () => log.push('stale'))
  room.on('sync', (members) => log.push(`sync ${[...members.keys()].sort().join(' ')}`))
  addEventListener('pageshow', (event) => log.push(event.persisted ? 'restored' : 'loaded'))
})()

'use strict'
// faye-presence, which keeps presence in Redis, on one Faye server.
//
//   node faye.js PORT REDIS_PORT     0 is a free one; the secret of HS256 tokens is in PEER_SECRET

const { createServer } = require('node:http')
const faye = require('faye')
const presence = require('faye-presence')
const jwt = require('jsonwebtoken')

const [port, redisPort] = process.argv.slice(2)
const secret = process.env.PEER_SECRET

const server = new faye.NodeAdapter({ mount: '/faye', timeout: 45 }) // of Faye's documentation

// Before presence looks: whoever subscribes is who the token says.
server.addExtension({
  incoming(message, callback) {
    if (message.channel === '/meta/subscribe') {
      try {
        const { username } = jwt.verify(message.ext.token, secret, { algorithms: ['HS256'] })
        message.ext = { presence: { id: username } }
      } catch (error) {
        message.error = `401::${error.message}`
      }
    }
    callback(message)
  },
})
presence.setup(server, server.getClient(), { servers: [`127.0.0.1:${redisPort}`] })

const http = createServer()
server.attach(http)
// A thousand sockets come at once, which is more than the backlog that Node asks for.
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => console.log('ready', http.address().port))

'use strict'
// Presence in Socket.IO's rooms, as its documentation leads one to write it: bare names, in
// the memory of one process. Who is there comes with the answer to "join".
//
//   node socketio.js PORT     0 is a free one; the secret of HS256 tokens is in PEER_SECRET

const { createServer } = require('node:http')
const jwt = require('jsonwebtoken')
const { Server } = require('socket.io')

const [port] = process.argv.slice(2)
const secret = process.env.PEER_SECRET

const http = createServer()
const io = new Server(http)

/** @type {Map<string, Map<string, number>>} room → user → sockets that hold her there */
const rooms = new Map()

io.use((socket, next) => {
  try {
    socket.data.user = jwt.verify(socket.handshake.auth.token, secret, { algorithms: ['HS256'] }).username
    next()
  } catch (error) {
    next(error)
  }
})

function enter(room, user) {
  if (!rooms.has(room)) rooms.set(room, new Map())
  const users = rooms.get(room)
  const sockets = users.get(user) ?? 0
  users.set(user, sockets + 1)
  return sockets === 0
}

function exit(room, user) {
  const users = rooms.get(room)
  const sockets = users?.get(user) ?? 0
  if (sockets > 1) {
    users.set(user, sockets - 1)
    return false
  }
  if (users?.delete(user) && users.size === 0) rooms.delete(room)
  return sockets === 1
}

io.on('connection', (socket) => {
  const { user } = socket.data
  const leave = (room) => {
    if (exit(room, user)) socket.to(room).emit('leave', room, user)
  }
  socket.on('join', (room, answer) => {
    if (socket.rooms.has(room)) return answer([...rooms.get(room).keys()])
    socket.join(room)
    if (enter(room, user)) socket.to(room).emit('join', room, user)
    answer([...rooms.get(room).keys()])
  })
  socket.on('leave', (room) => {
    if (!socket.rooms.has(room)) return
    leave(room)
    socket.leave(room)
  })
  socket.on('disconnecting', () => {
    for (const room of socket.rooms) if (room !== socket.id) leave(room)
  })
})

// A thousand sockets come at once, which is more than the backlog that Node asks for.
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => console.log('ready', http.address().port))

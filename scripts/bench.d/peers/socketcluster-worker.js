'use strict'
// What socketcluster.js runs in its worker. A socket without a user may not subscribe.

const SCWorker = require('socketcluster/scworker')
const presence = require('sc-stateless-presence')

class Worker extends SCWorker {
  run() {
    this.scServer.addMiddleware(this.scServer.MIDDLEWARE_SUBSCRIBE, (req, next) => {
      next(req.socket.authToken ? undefined : new Error('no user'))
    })
    presence.attach(this)
    // The cluster's own event of readiness does not wait for the port to be open.
    this.httpServer.once('listening', () => console.log('ready', this.options.sourcePort))
  }
}

new Worker()

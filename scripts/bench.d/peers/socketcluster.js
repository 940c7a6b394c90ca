'use strict'
// sc-stateless-presence on SocketCluster 14, the last whose workers it can be attached to:
// one worker and one broker, which are its defaults.
//
//   node socketcluster.js PORT     the secret of HS256 tokens is in PEER_SECRET

const path = require('node:path')
const SocketCluster = require('socketcluster')

new SocketCluster({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  workers: 1,
  brokers: 1,
  authKey: process.env.PEER_SECRET,
  authAlgorithm: 'HS256',
  workerController: path.join(__dirname, 'socketcluster-worker.js'),
  tcpSynBacklog: 4096, // a thousand sockets come at once
  environment: 'prod',
  logLevel: 1,
  killMasterOnSignal: true,
})

// Package deploy has no code. Its tests hold what is deployed beside the nodes, alert rules and a
// dashboard, against what a node tells.
package deploy

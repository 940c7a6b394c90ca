// Package deploy has no code. Its tests hold what is deployed with the nodes and beside them, manifests, a
// unit, alert rules and a dashboard, against what a node takes and tells.
package deploy

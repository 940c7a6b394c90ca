// Package wire holds the generated code of wire.proto: what nodes say to each
// other. Package gossip converts it from and to its own types and checks every
// bound; nothing else uses it.
package wire

//go:generate sh -c "protoc --plugin=protoc-gen-go=$(go tool -n protoc-gen-go) --go_out=. --go_opt=paths=source_relative wire.proto"

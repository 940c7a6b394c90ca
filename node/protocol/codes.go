package protocol

// Code says in an error message why a request was refused.
type Code string

// The codes of error messages. Clients act on these, not on the text beside them.
const (
	BadRequest   Code = "bad_request"   // broken JSON, a wrong or missing field, a name against the rules
	Unauthorized Code = "unauthorized"  // needs a user, and this socket has none, or the token is no good
	Expired      Code = "expired"       // the token was good once
	Forbidden    Code = "forbidden"     // the token does not allow it
	NotMember    Code = "not_member"    // an update without a membership
	TooLarge     Code = "too_large"     // data, meta, text or frame over its bound
	RateLimited  Code = "rate_limited"  // more requests than the node takes
	LimitReached Code = "limit_reached" // more channels, names or sessions than the node takes
	Unsupported  Code = "unsupported"   // a request of a type this node does not know
	Draining     Code = "draining"      // this node is going away
	Internal     Code = "internal"      // the node's fault
)

// Codes returns all codes of error messages.
func Codes() []Code {
	return []Code{BadRequest, Unauthorized, Expired, Forbidden, NotMember, TooLarge, RateLimited, LimitReached, Unsupported, Draining, Internal}
}

// CloseCode is the code of a WebSocket close frame.
type CloseCode uint16

// The codes a node closes a socket with. A client comes back after all of
// them but CloseNormal, CloseProtocol and CloseForbidden.
const (
	CloseNormal       CloseCode = 1000 // bye or logout
	CloseGoingAway    CloseCode = 1001 // the node stopped
	CloseTooBig       CloseCode = 1009 // a frame over the bound
	CloseProtocol     CloseCode = 4400 // not the protocol: a binary frame, or a first frame that is no hello
	CloseUnauthorized CloseCode = 4401 // no token, or a bad or expired one; come back with another
	CloseForbidden    CloseCode = 4403 // disconnected by an operator, or the origin was refused
	CloseSilent       CloseCode = 4408 // silent for the timeout, or no hello
	CloseResumed      CloseCode = 4409 // resumed by another socket; come back without resume
	CloseOverload     CloseCode = 4429 // too fast, too slow, or the node is full
)

// Error is a request refused: the fields of an error message. It is made anew
// for every refusal and never changed.
type Error struct {
	ID      int64 // of the request; 0: none could be read
	Code    Code
	Message string // for people; names the field, never a token
}

// Error returns the code and the text.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

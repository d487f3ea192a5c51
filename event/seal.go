package event

// LogSealed says that all events up to one are under seal: the root of the tree of
// their hashes is signed. Package eventlog/proof writes and checks it.
type LogSealed struct {
	Size uint64 `json:"size"` // how many events: those at positions 1 to Size
	Note string `json:"note"` // Size and the root, signed: https://c2sp.org/tlog-checkpoint
	// Leaves are the hashes of the events that the seal before did not cover, 32 bytes
	// each, in order. The root follows from them, and they tell which event it is that
	// was changed.
	Leaves []byte `json:"leaves"`
}

// LogSubject is the subject of events about the log itself, and LogSource their
// source.
const (
	LogSubject = "log"
	LogSource  = "/log"
)

// EventType returns the fixed name.
func (LogSealed) EventType() Type { return TypeLogSealed }

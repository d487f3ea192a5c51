package sqlitelog

import (
	"time"

	"github.com/callboard/callboard/eventlog"
)

// A tail is kept up to about this much.
const (
	tailRows  = 1000
	tailBytes = 8 << 20
)

// tail is the newest records without a gap, as they were appended. All who
// follow the live end of the log share it; if each read the file, eight of them
// would cost three quarters of the throughput of Append.
type tail struct {
	records []eventlog.Record // each slice given out stays as it is
	bytes   int
}

func (t *tail) add(records []eventlog.Record) {
	if len(records) == 0 {
		return
	}
	if n := len(t.records); n > 0 && t.records[n-1].Position+1 != records[0].Position {
		*t = tail{}
	}
	t.records = append(t.records, records...)
	for _, r := range records {
		t.bytes += len(r.Data)
	}
	for len(t.records) > tailRows || t.bytes > tailBytes {
		t.bytes -= len(t.records[0].Data)
		t.records = t.records[1:]
	}
}

// between returns the records after one position up to another, and false if
// not all of these are here.
func (t *tail) between(after, last eventlog.Position) ([]eventlog.Record, bool) {
	n := len(t.records)
	if n == 0 || after+1 < t.records[0].Position || last > t.records[n-1].Position || after >= last {
		return nil, false
	}
	first := t.records[0].Position
	return t.records[after+1-first : last+1-first], true
}

// record returns what a row reads as once it is in the file.
func (r row) record(p eventlog.Position, recorded, at time.Time) eventlog.Record {
	rec := eventlog.Record{Position: p, Recorded: recorded, Event: r.Event}
	rec.Time = time.Unix(0, at.UnixNano()).UTC()
	if len(rec.Data) == 0 {
		rec.Data = nil
	}
	return rec
}

package ledger

import (
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/history"
)

// Field is a field of an entity with the event that set it.
type Field struct {
	Path  string // as in [catalog.Change]
	Value any
	Event *history.Told
}

// Blame tells of each field that an entity has after some events which of them set it.
func Blame(told []history.Told) ([]Field, error) {
	versions := make([]string, len(told))
	for i := range told {
		versions[i] = told[i].Entity
	}
	blamed, err := catalog.BlameJSON(versions)
	if err != nil {
		return nil, err
	}
	all := make([]Field, len(blamed))
	for i, b := range blamed {
		all[i] = Field{b.Path, b.Value, &told[b.Version]}
	}
	return all, nil
}

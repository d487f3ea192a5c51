package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/callboard/callboard/internal/flat"
)

// WrittenDeclaration is a [Declaration] whose entity is not decoded: for readers of
// many that look at few.
type WrittenDeclaration struct {
	Entity string // JSON, an object
	Origin Origin
	Reason string // as in [EntityChanged]
}

// DecodeWritten reads the data of an [EntityRegistered] or [EntityChanged].
func DecodeWritten(e Event) (WrittenDeclaration, error) {
	// To find the two in what encoding/json wrote takes a fraction of the time that it
	// takes to check all of it again.
	data := string(e.Data)
	members, ok := flat.Members(data)
	var entity, from, reason string
	for _, m := range members {
		switch m.Key {
		case "entity":
			ok, entity = ok && entity == "", m.Value
		case "origin":
			ok, from = ok && from == "", m.Value
		case "reason":
			ok, reason = ok && reason == "", m.Value
		}
	}
	var d WrittenDeclaration
	if ok && isObject(entity) && json.Unmarshal([]byte(from), &d.Origin) == nil && (reason == "" || json.Unmarshal([]byte(reason), &d.Reason) == nil) {
		d.Entity = strings.Clone(entity)
		return d, nil
	}
	var all struct {
		Entity json.RawMessage `json:"entity"`
		Origin Origin          `json:"origin"`
		Reason string          `json:"reason"`
	}
	err := json.Unmarshal(e.Data, &all)
	if err == nil && !isObject(string(all.Entity)) {
		err = errors.New("it has no entity")
	}
	if err != nil {
		return WrittenDeclaration{}, fmt.Errorf("decode %s: %w", e.Type, err)
	}
	return WrittenDeclaration{string(all.Entity), all.Origin, all.Reason}, nil
}

func isObject(text string) bool { return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") }

package entities

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/callboard/callboard/event"
)

// note is what is kept of the newest declaring event besides the entity. Only a
// page of one entity shows it, so it is kept small: see [notes].
type note struct {
	Origin   event.Origin `json:"origin"`
	Recorded time.Time    `json:"recorded"`
	Actor    event.Actor  `json:"actor,omitzero"`
	Cause    event.Cause  `json:"cause,omitzero"`
}

// notes packs notes: what all of them hold stands in a dictionary, and what one
// says twice is said once.
type notes struct{ dict *s2.Dict }

// noteWords is what notes hold, the commonest last. Another text can not unpack
// what this one has packed.
const noteWords = `"includes":[{"path":"","blob":""}],"followed":"","parent":"location:default/generated-","email":"",` +
	`"cause":{"request":"","schedule":"https://bitbucket.org/master/.yml"docs/` +
	`{"origin":{"source":"gitlab","repository":"","repositoryId":"","branch":"main","commit":"","path":"catalog-info.yaml","blob":"",` +
	`"line":1,"entities":1,"url":"https://gitlab.com//-/blob/main/catalog-info.yaml"},"recorded":"2026-11-28T17:12:23.Z",` +
	`"actor":{"name":"","login":""},"cause":{"delivery":"gitlab:","commit":"","commitUrl":"https://gitlab.com//-/commit/"}}` +
	`{"origin":{"source":"github","repository":"","repositoryId":"","branch":"main","commit":"","path":"catalog-info.yaml","blob":"",` +
	`"line":1,"entities":1,"url":"https://github.com//blob/main/catalog-info.yaml"},"recorded":"2026-11-28T17:12:23.Z",` +
	`"actor":{"name":"","login":""},"cause":{"delivery":"github:","commit":"","commitUrl":"https://github.com//commit/"}}`

func newNotes() notes { return notes{s2.MakeDict([]byte(noteWords), nil)} }

// maxNote bounds what a note is unpacked to, whatever it says that it is.
const maxNote = 16 << 20

func (n notes) pack(one note) (string, error) {
	b, err := json.Marshal(one)
	if err != nil {
		return "", err
	}
	if len(b) > maxNote {
		return "", fmt.Errorf("its origin takes %d bytes", len(b))
	}
	return n.packText(b), nil
}

func (n notes) packText(b []byte) string { return string(n.dict.Encode(nil, b)) }

// unpack returns an empty note of what pack did not make.
func (n notes) unpack(packed string) note {
	var one note
	if json.Unmarshal([]byte(n.text(packed)), &one) != nil {
		return note{}
	}
	return one
}

// text returns a note as JSON; "" of what pack did not make.
func (n notes) text(packed string) string {
	b := []byte(packed)
	if size, err := s2.DecodedLen(b); err != nil || size > maxNote {
		return ""
	}
	b, err := n.dict.Decode(nil, b)
	if err != nil {
		return ""
	}
	return string(b)
}

package history

import (
	"bytes"
	"encoding/json"

	"github.com/klauspost/compress/s2"
)

// pack writes a state down, compressed to a third in little of the time that SQLite
// takes for the row: the entity as it is, and before it, in a line, all else.
func (s *state) pack() ([]byte, error) {
	rest, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, len(rest)+1+len(s.Entity))
	text = append(append(text, rest...), '\n')
	return s2.Encode(nil, append(text, s.Entity...)), nil
}

// unpack reads what pack wrote; of nothing it reads the state of what is not there.
func (s *state) unpack(packed []byte) error {
	if len(packed) == 0 {
		return nil
	}
	text, err := s2.Decode(nil, packed)
	if err != nil {
		return err
	}
	rest, entity, _ := bytes.Cut(text, []byte("\n")) // which JSON does not have within
	s.Entity = string(entity)
	return json.Unmarshal(rest, s)
}

package flat

import "strings"

// Member is a key of a JSON object and its value as it is written.
type Member struct {
	Key, Value string
	name       string // the key as it is written
}

// Members returns the members of a JSON object in their order; false if it is none.
// They share the document's memory.
func Members(doc string) ([]Member, bool) {
	s := scanner{rest: doc}
	if !s.take('{') {
		return nil, false
	}
	all := make([]Member, 0, 8)
	for !s.take('}') {
		if s.rest == "" || s.rest[0] != '"' {
			return nil, false
		}
		named := s.rest
		key := s.text()
		named = named[:len(named)-len(s.rest)]
		if !s.take(':') {
			return nil, false
		}
		s.space()
		before := s.rest
		s.skip()
		value := strings.TrimRight(before[:len(before)-len(s.rest)], " \t\r\n")
		if value == "" {
			return nil, false
		}
		all = append(all, Member{key, value, named})
		s.take(',')
	}
	s.space()
	return all, s.rest == ""
}

// Differing returns two JSON objects without the members that are written alike in
// both, nor those of the objects among their members: what is to be looked at to
// tell in what they differ. Of what is no object, or has a key twice, nothing is
// left out.
func Differing(a, b string) (string, string) { return differing(a, b, 1) }

func differing(a, b string, depth int) (string, string) {
	in, others, ok := matched(a, b)
	if !ok {
		return a, b
	}
	var left, right object
	for _, m := range in {
		other, both := others[m.Key]
		delete(others, m.Key)
		switch {
		case !both:
			left.add(m.name, m.Value)
		case other.Value == m.Value:
		case depth > 0:
			x, y := differing(m.Value, other.Value, depth-1)
			left.add(m.name, x)
			right.add(m.name, y)
		default:
			left.add(m.name, m.Value)
			right.add(m.name, other.Value)
		}
	}
	for _, m := range others {
		right.add(m.name, m.Value)
	}
	return left.end(), right.end()
}

// matched takes two objects apart; false if one of them is none or has a key twice.
func matched(a, b string) (left []Member, right map[string]Member, ok bool) {
	left, okA := Members(a)
	others, okB := Members(b)
	if !okA || !okB {
		return nil, nil, false
	}
	right = make(map[string]Member, len(others))
	for _, m := range others {
		right[m.Key] = m
	}
	keys := make(map[string]bool, len(left))
	for _, m := range left {
		keys[m.Key] = true
	}
	return left, right, len(keys) == len(left) && len(right) == len(others)
}

// object is a JSON object that is being written.
type object struct{ text strings.Builder }

func (o *object) add(name, value string) {
	if o.text.Len() == 0 {
		o.text.WriteByte('{')
	} else {
		o.text.WriteByte(',')
	}
	o.text.WriteString(name)
	o.text.WriteByte(':')
	o.text.WriteString(value)
}

func (o *object) end() string {
	if o.text.Len() == 0 {
		return "{}"
	}
	return o.text.String() + "}"
}

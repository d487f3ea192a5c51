package entities

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unique"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/flat"
	"github.com/callboard/callboard/projections/entities/index"
)

// record is one entity as the catalog keeps it: encoded, so that answers are
// written as they lie here. It never changes.
type record struct {
	Text
	id         uint64 // position of the event that registered it
	ref        string
	owner      string // the first one; NoOwner where one is missing, "" where there is none by nature
	place      unique.Handle[place]
	changed    eventlog.Position
	since      int64  // when the newest event became true, in nanoseconds since 1970
	registered int64  // when the entity did
	note       string // packed by notes
}

// place is where entities come from, many of them from the same.
type place struct {
	source     string
	repository string // see repositoryKey
	parent     string // ref of the Location that led there, if one did
}

// Text is an entity as Backstage's API shows it, as JSON. It is in two parts, so
// that what the entity says itself stays where it is while its relations change.
type Text struct{ own, rest string }

// Len is in bytes; 0 for no entity.
func (t Text) Len() int { return len(t.own) + len(t.rest) }

// AppendTo appends the JSON.
func (t Text) AppendTo(b []byte) []byte { return append(append(b, t.own...), t.rest...) }

// String returns the JSON.
func (t Text) String() string { return t.own + t.rest }

// MarshalJSON returns the JSON.
func (t Text) MarshalJSON() ([]byte, error) { return t.AppendTo(make([]byte, 0, t.Len())), nil }

// repositoryKey names a repository, which keeps its id through renames.
func repositoryKey(source, id string) string { return source + "\x00" + id }

// ID is the entity's number in the order of registration.
func (r *record) ID() uint64 { return r.id }

// Ref is the full lower-case ref.
func (r *record) Ref() string { return r.ref }

// Shared is the text that terms are parts of.
func (r *record) Shared() string { return r.own }

// Keys that no descriptor and no request can name.
const (
	keyTitle      = "\x00title"      // or name
	keyChanged    = "\x00changed"    // sorts by time, then position; no text
	keyOwner      = "\x00owner"      // the first owner, or NoOwner where one is missing
	keySource     = "\x00source"     //
	keyRepository = "\x00repository" //
	keyParent     = "\x00parent"     // ref of the Location that led there
	keyWords      = "\x00words"      // what people wrote into annotations
)

const (
	maxKey   = 200 // longer keys are not searchable
	maxValue = 200 // longer values only say that the key is there
	// maxShared is how long a document may be whose parts are kept for the
	// index: as long as one of them is, all of it stays in memory.
	maxShared = 8 << 10
)

// texts are the keys that full text searches are for; the others take longer.
func texts() []string {
	return []string{"metadata.name", "metadata.title", "metadata.description", "metadata.tags", "spec.profile.displayname"}
}

// Terms returns Backstage's search keys of the entity, and our own. See
// buildEntitySearch in Backstage's catalog backend.
func (r *record) Terms() []index.Term {
	t := newTermer(r)
	t.said(r)
	flat.Rest(r.rest, t.enter, t.leaf)
	t.relation() // the last one
	return append(t.all(), r.more()...)
}

// said adds what the entity says itself.
func (t *termer) said(r *record) {
	flat.Leaves(r.own, t.enter, t.leaf)
	title := t.title
	if title == "" {
		title = r.ref[strings.IndexByte(r.ref, '/')+1:]
	}
	t.terms = append(t.terms, index.Plain(keyTitle, title))
	if len(t.words) > 0 {
		t.terms = append(t.terms, index.Term{Key: keyWords, Value: strings.Join(t.words, "\n"), Text: true})
	}
}

// more are the terms that do not stand in the JSON.
func (r *record) more() []index.Term {
	from := r.place.Value()
	changed := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(r.since)^1<<63) //nolint:gosec // negative ones sort first
	changed = binary.BigEndian.AppendUint64(changed, uint64(r.changed))                  //nolint:gosec // a position
	terms := []index.Term{
		{Key: keyChanged, Value: string(changed)},
		index.Plain(keySource, from.source),
		index.Plain(keyRepository, from.repository),
	}
	terms[0].Written = terms[0].Value
	if r.owner != "" {
		terms = append(terms, index.Plain(keyOwner, r.owner))
	}
	if from.parent != "" {
		terms = append(terms, index.Plain(keyParent, from.parent))
	}
	return terms
}

// termer makes terms of a document's leaves.
type termer struct {
	share  bool
	terms  []index.Term
	texts  map[string]string
	words  []string
	title  string
	typ    string // of the relation that is being read
	target string
}

func newTermer(r *record) *termer {
	return &termer{share: len(r.own) <= maxShared, terms: make([]index.Term, 0, 48)}
}

// enter leaves out what Backstage does not search.
func (t *termer) enter(path string) bool {
	return path != "status" && path != "metadata.etag" && path != "attachments"
}

func (t *termer) leaf(l flat.Leaf) {
	if rest, ok := strings.CutPrefix(l.Path, "relations."); ok {
		if rest == "type" {
			t.relation()
			t.typ = l.Text
		} else if rest == "targetRef" {
			t.target = l.Text
		}
		return
	}
	key := strings.ToLower(l.Path)
	t.add(key, l)
	if l.Item && l.Kind == flat.Text {
		t.add(key+"."+strings.ToLower(l.Text), flat.Leaf{Text: "true", Kind: flat.Plain})
	}
	t.word(key, l)
}

func (t *termer) add(key string, l flat.Leaf) {
	if length(key) > maxKey {
		return
	}
	if l.Kind == flat.Null || length(l.Text) > maxValue {
		t.terms = append(t.terms, index.Term{Key: key, Silent: true})
		return
	}
	written := l.Text
	if !t.share {
		written = strings.Clone(written)
	}
	value := strings.ToLower(written)
	t.terms = append(t.terms, index.Term{Key: key, Value: value, Written: written})
	if slices.Contains(texts(), key) {
		if t.texts == nil {
			t.texts = map[string]string{}
		}
		if before, ok := t.texts[key]; ok {
			value = before + "\x00" + value
		}
		t.texts[key] = value
	}
}

// word notes what Query.Text looks at besides [searched]: of the annotations what
// people wrote. Those that Callboard derives hold paths and would match half the
// catalog.
func (t *termer) word(key string, l flat.Leaf) {
	switch name, annotation := strings.CutPrefix(key, "metadata.annotations."); {
	case annotation:
		if !slices.Contains(catalog.DerivedAnnotations(), name) {
			t.words = append(t.words, name, strings.ToLower(l.Text))
		}
	case length(l.Text) > maxValue && slices.Contains(searched(), key): // Backstage's full text does not see it
		t.words = append(t.words, strings.ToLower(l.Text))
	case key == "metadata.title":
		t.title = l.Text
	}
}

// searched are the keys in which Query.Text is looked for.
func searched() []string {
	return []string{"metadata.name", "metadata.title", "metadata.description", "metadata.tags", keyWords}
}

// relation adds the relation that has been read.
func (t *termer) relation() {
	if t.typ == "" {
		return
	}
	t.related(t.typ, t.target)
	t.typ = ""
}

func (t *termer) related(typ, target string) {
	t.add("relations."+strings.ToLower(typ), flat.Leaf{Text: target, Kind: flat.Text})
}

func (t *termer) all() []index.Term {
	for key, text := range t.texts {
		t.terms = append(t.terms, index.Term{Key: key, Value: text, Text: true})
	}
	return t.terms
}

// length is in UTF-16 units, as Backstage's limits are.
func length(s string) int {
	if len(s) <= maxValue {
		return len(s) // or less
	}
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// encode writes what follows an entity's own part: its relations and its status.
func encode(each func(func(typ, target string)), rejection *Rejection) string {
	const begin, typ, target, end = `,"relations":[`, `{"type":`, `,"targetRef":`, `}`
	status := ""
	if rejection != nil {
		status = `,"status":` + statusOf(rejection)
	}
	size := len(begin) + len(`]}`) + len(status)
	each(func(t, to string) { size += len(typ) + len(target) + len(end) + len(`,""""`) + len(t) + len(to) })
	var b strings.Builder
	b.Grow(size)
	b.WriteString(begin)
	first := true
	each(func(t, to string) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(typ)
		b.WriteString(quote(t))
		b.WriteString(target)
		b.WriteString(quote(to))
		b.WriteString(end)
	})
	b.WriteByte(']')
	b.WriteString(status)
	b.WriteByte('}')
	return b.String()
}

func quote(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&'
	}) {
		return `"` + s + `"`
	}
	b, _ := json.Marshal(s) // of text it cannot fail
	return string(b)
}

// statusOf is how Backstage says that an entity's newest descriptor cannot be used.
func statusOf(r *Rejection) string {
	type fault struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	}
	type item struct {
		Type    string `json:"type"`
		Level   string `json:"level"`
		Message string `json:"message"`
		Error   fault  `json:"error"`
	}
	var status struct {
		Items []item `json:"items"`
	}
	for _, p := range r.Problems {
		f := fault{"InputError", r.Describe(p)}
		status.Items = append(status.Items, item{"backstage.io/catalog-processing", "error", f.Name + ": " + f.Message, f})
	}
	b, _ := json.Marshal(status) // of texts it cannot fail
	return string(b)
}

// entry decodes r for those who look at one entity. What Callboard wrote itself
// always decodes; of a broken file of snapshots an empty entity would be made.
func (r *record) entry(ns notes, rejection *Rejection) *Entry {
	var shown struct {
		Relations []catalog.Relation `json:"relations"`
	}
	e := &Entry{Ref: r.ref, Rejection: rejection, JSON: r.Text, lacksOwner: r.owner == NoOwner}
	var obj map[string]any
	if json.Unmarshal([]byte(r.own+"}"), &obj) == nil {
		e.Entity, _ = catalog.Read(obj)
	}
	if e.Entity == nil {
		e.Entity = &catalog.Entity{}
	}
	if json.Unmarshal([]byte("{"+strings.TrimPrefix(r.rest, ",")), &shown) == nil && len(shown.Relations) > 0 {
		e.Relations = shown.Relations
	}
	n := ns.unpack(r.note)
	e.Origin = n.Origin
	e.Since = Since{Position: r.changed, Time: time.Unix(0, r.since).UTC(), Recorded: n.Recorded, Actor: n.Actor, Cause: n.Cause}
	e.Registered = time.Unix(0, r.registered).UTC()
	return e
}

var _ index.Doc = (*record)(nil)

// brief reads what lists show of r out of its JSON.
func (r *record) brief() Brief {
	b := Brief{}
	if b.Owner = r.owner; b.Owner == NoOwner {
		b.Owner = ""
	}
	enter := func(path string) bool {
		switch path {
		case "kind", "metadata", "metadata.name", "metadata.title", "spec", "spec.type":
			return true
		}
		return false
	}
	title := ""
	flat.Leaves(r.own, enter, func(l flat.Leaf) {
		switch {
		case l.Kind != flat.Text || l.Item:
		case l.Path == "kind":
			b.Kind = l.Text
		case l.Path == "metadata.name":
			b.Title = l.Text
		case l.Path == "metadata.title":
			title = l.Text
		case l.Path == "spec.type":
			b.Type = l.Text
		}
	})
	b.Title = cmp.Or(title, b.Title)
	return b
}

// sketch is as much of an entity's own part as its relations follow from.
func sketch(own string) *catalog.Entity {
	e := &catalog.Entity{Spec: map[string]any{}}
	enter := func(path string) bool {
		return path == "metadata" || !strings.HasPrefix(path, "metadata.") || path == "metadata.name" || path == "metadata.namespace"
	}
	flat.Leaves(own, enter, func(l flat.Leaf) {
		field, inSpec := strings.CutPrefix(l.Path, "spec.")
		switch {
		case l.Path == "apiVersion":
			e.APIVersion = l.Text
		case l.Path == "kind":
			e.Kind = l.Text
		case l.Path == "metadata.name":
			e.Metadata.Name = l.Text
		case l.Path == "metadata.namespace":
			e.Metadata.Namespace = l.Text
		case inSpec && l.Kind == flat.Text && !l.Item:
			e.Spec[field] = l.Text
		case inSpec && l.Kind == flat.Text:
			list, _ := e.Spec[field].([]any)
			e.Spec[field] = append(list, any(l.Text))
		}
	})
	return e
}

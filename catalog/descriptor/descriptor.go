// Package descriptor reads entities from YAML files, and writes them.
//
// Start with [Resolve]. It reads YAML as Backstage does (npm's yaml 2: YAML 1.2,
// core schema, no merge keys) and says of everything that is wrong on which
// line and column it stands.
package descriptor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
)

// MaxSize is how large a file may be, in bytes.
const MaxSize = 1 << 20

// maxProblems is how many problems are told of one document, and of a file.
// More are of no help, and each costs a search for its place.
const maxProblems = 100

// File is what a descriptor file says.
type File struct {
	// Documents are all but the empty ones, in the order of the file.
	Documents []Document
	// Problems are those that make the whole file unusable: it is no text, or a
	// document has a syntax error or no envelope (see catalog.Envelope). The
	// latter two stand in their documents too. In file order; no more than 100.
	Problems []Problem
}

// Document is one YAML document of a file.
type Document struct {
	Line     int             // its first line in the file, from 1
	Text     string          // as written, without the line of dashes before it
	Ref      catalog.Ref     // which entity it is about; zero if that cannot be read
	Entity   *catalog.Entity // nil if and only if there are Problems
	Problems []Problem       // in file order; no more than 100
	// Placeholders are those of a document that is about an entity, filled or not.
	Placeholders []Placeholder
}

// Problem is something wrong in a file.
type Problem struct {
	Path    string // of the field as catalog.Problem has it; empty if it is about none
	Line    int    // in the file, from 1
	Column  int    // in characters, from 1
	Message string // what is wrong and what would be right
}

// String returns "line 3, column 5: path message".
func (p Problem) String() string {
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, catalog.Problem{Path: p.Path, Message: p.Message})
}

// Parse is [Resolve] where nothing can be brought in: a document that has a
// placeholder has a problem.
func Parse(data []byte) File { return Resolve(data, nil) }

// Resolve is [ResolveOf] for entities of the built-in kinds.
func Resolve(data []byte, include Include) File { return ResolveOf(catalog.BuiltIn(), data, include) }

// ResolveOf reads a descriptor file with entities of some kinds, and what its
// placeholders bring in. Whatever the bytes, it returns what can be read and what
// is wrong; time and memory are bounded. What is brought in may bring in nothing
// itself.
func ResolveOf(kinds catalog.Kinds, data []byte, include Include) File {
	if len(data) > MaxSize {
		return File{Problems: []Problem{{Line: 1, Column: 1, Message: fmt.Sprintf(
			"the file has %d bytes, more than the %d that a descriptor may have; move what is long, such as an API definition, into files of its own", len(data), MaxSize)}}}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if p, bad := unreadable(text); bad {
		return File{Problems: []Problem{p}}
	}
	var f File
	fill := filler{include: include, left: maxBrought, decoder: decoder{budget: maxExpanded}}
	for _, p := range split(text) {
		doc, spoiling, empty := p.parse(kinds, &fill)
		if !empty {
			f.Documents = append(f.Documents, doc)
			f.Problems = append(f.Problems, spoiling[:min(len(spoiling), maxProblems-len(f.Problems))]...)
		}
	}
	return f
}

// parse reads one document; spoiling are those of its problems that make the
// whole file unusable.
func (p part) parse(kinds catalog.Kinds, f *filler) (doc Document, spoiling []Problem, empty bool) {
	doc = Document{Line: p.line, Text: p.text}
	spoil := func(problems ...Problem) (Document, []Problem, bool) {
		doc.Problems = problems
		return doc, problems, false
	}

	root, err := p.root()
	if err != nil {
		return spoil(p.syntaxProblem(err))
	}
	if root == nil {
		return doc, nil, true
	}
	value, problems := decode(root)
	if len(problems) > 0 {
		return spoil(p.inFile(problems)...)
	}
	if value == nil {
		return doc, nil, true
	}
	obj, ok := value.(map[string]any)
	if !ok {
		return spoil(p.inFile([]Problem{{Line: root.Line, Column: root.Column,
			Message: "a document must be a mapping with apiVersion, kind, metadata and spec"}})...)
	}

	locate := func(problems []catalog.Problem) []Problem {
		problems = problems[:min(len(problems), maxProblems)]
		located := make([]Problem, len(problems))
		for i, problem := range problems {
			at := find(root, root, "", problem.Path)
			located[i] = Problem{problem.Path, at.Line, at.Column, problem.Message}
		}
		return p.inFile(located)
	}
	ref, envelope := catalog.Envelope(obj)
	if hasPlaceholders(obj) {
		doc.Ref = ref
		if len(envelope) > 0 { // the rest would have to be read first
			return spoil(locate(envelope)...)
		}
		f.root, f.found, f.problems = root, nil, nil
		f.fill("", obj)
		doc.Placeholders = f.found
		if len(f.problems) > 0 {
			doc.Problems = p.inFile(f.problems)
			return doc, nil, false
		}
	}
	entity, all := kinds.FromObject(obj)
	doc.Ref, doc.Entity, doc.Problems = ref, entity, locate(all)
	return doc, locate(envelope), false
}

// Locate says of what is found out about a document later where in its file that is: the
// document is as written, and begins at a line of the file.
func Locate(text string, line int, problem catalog.Problem) Problem {
	at := Problem{problem.Path, max(line, 1), 1, problem.Message}
	p := part{at.Line, text}
	if root, err := p.root(); err == nil && root != nil {
		n := find(root, root, "", problem.Path)
		at.Line, at.Column = n.Line+at.Line-1, n.Column
	}
	return at
}

// inFile turns places in the document into places in the file, in their order.
func (p part) inFile(problems []Problem) []Problem {
	for i := range problems {
		problems[i].Line += p.line - 1
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems
}

// find returns the node at a path below n, which is at the path at; or the
// nearest thing that is there: the key of the mapping that lacks a field.
func find(n, nearest *yaml.Node, at, path string) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	below := func(p string) bool {
		rest, ok := strings.CutPrefix(path, p)
		return ok && (rest[0] == '.' || rest[0] == '[')
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			p := catalog.FieldPath(at, keyOf(key))
			switch {
			case p == path && value.Line == key.Line:
				return value
			case p == path:
				return key
			case below(p):
				return find(value, key, p, path)
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			p := catalog.IndexPath(at, i)
			switch {
			case p == path:
				return item
			case below(p):
				return find(item, item, p, path)
			}
		}
	}
	return nearest
}

// unreadable looks for what can be in no YAML file.
func unreadable(text string) (p Problem, bad bool) {
	line, column := 1, 1
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			return Problem{Line: line, Column: column, Message: "the file is not UTF-8 here; save it as UTF-8"}, true
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', '\x7f' <= r && r < '\u00a0' && r != '\u0085', r == '\ufffe', r == '\uffff':
			return Problem{Line: line, Column: column, Message: fmt.Sprintf("the control character %U cannot stand in YAML; remove it", r)}, true
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return Problem{}, false
}

// Package definition reads the definition of an API, spec.definition of an
// entity of kind API, into an outline: what can be called or listened to, with
// what, and what comes back. Pages show it and search finds by it. It is pure,
// follows no reference out of the text, and is bounded in time and size.
//
// It reads for people, not for machines: a reference that leads nowhere costs
// one line of the outline and becomes one of its problems, where a validator
// would refuse the whole document. That is why OpenAPI and AsyncAPI are walked
// here as YAML, with line numbers, and not loaded by a library for either.
//
// Start with [Read].
package definition

import "strings"

// Outline is what a definition offers, as far as it could be read.
type Outline struct {
	Format      string // with its version: "OpenAPI 3.0.3"; "" for text of no known format
	Language    string // of the text, for colouring: "yaml", "json", "graphql", "protobuf" or "text"
	Title       string
	Version     string // of the API
	Description string
	Servers     []string
	Groups      []Group
	Types       []Type
	// Cut is set when there is more than an outline holds.
	Cut bool
	// Problems say what could not be read, in the order of their discovery. With
	// a problem of the whole text there are neither groups nor types.
	Problems []Problem
}

// Group holds operations that belong together: an OpenAPI tag, the channels of
// an AsyncAPI document, a root type of GraphQL, a service of gRPC.
type Group struct {
	Name        string // "" for operations that were put into none
	Description string
	Operations  []Operation
}

// Operation is one thing that can be called or listened to.
type Operation struct {
	Verb        string // "GET", "publish", "query", "rpc"
	Name        string // "/payments/{id}", "order.placed", "createPayment"
	Summary     string
	Description string
	Deprecated  bool
	Parameters  []Field
	Messages    []Message // what goes in and what comes out, in this order
}

// Message is a body of an operation.
type Message struct {
	Label       string // "Request", "200", "Payload", "Returns"
	Media       string // "application/json"
	Description string
	Schema
}

// Type is a schema with a name, which others lead to.
type Type struct {
	Name        string
	Description string
	Schema
}

// Schema is what a value looks like.
type Schema struct {
	Type   string   // for people: "array of Payment", "string (date-time)", "one of Card, Transfer"
	Of     string   // name of the [Type] of the outline that it leads to; "" for none
	Values []string // that are allowed; nil for any
	Fields []Field
}

// Field is a part of a schema, or a parameter of an operation.
type Field struct {
	Name        string
	In          string // of a parameter: "path", "query", "header", "cookie"
	Description string
	Required    bool
	Deprecated  bool
	Default     string // "" for none
	Schema
}

// Problem is what could not be read, and where.
type Problem struct {
	Line    int // in the text, from 1; 0 if it is not known
	Message string
}

// The bounds of an outline.
const (
	maxText         = 2 << 20 // bytes
	maxItems        = 10_000  // schemas, messages and operations in all
	maxDepth        = 6       // of fields within fields
	maxTexts        = 500     // values of an enum
	maxProblems     = 20
	maxProse        = 4000 // bytes of a description
	maxReferences   = 16   // that lead to one another
	maxAlternatives = 12
)

// Operations counts what can be called or listened to.
func (o Outline) Operations() int {
	n := 0
	for _, g := range o.Groups {
		n += len(g.Operations)
	}
	return n
}

// Read reads the text of an API of a type, which is the entity's spec.type:
// openapi, asyncapi, graphql or grpc, in any letter case. Of any other type the
// outline is empty and the text is all there is.
func Read(typ, text string) Outline {
	var o Outline
	switch strings.ToLower(typ) {
	case "openapi", "swagger":
		o.Language = dataLanguage(text)
		readData(&o, text, "OpenAPI", readOpenAPI)
	case "asyncapi":
		o.Language = dataLanguage(text)
		readData(&o, text, "AsyncAPI", readAsyncAPI)
	case "graphql":
		o.Format, o.Language = "GraphQL", "graphql"
		if !tooLong(&o, text) {
			readGraphQL(&o, text)
		}
	case "grpc", "proto", "protobuf":
		o.Format, o.Language = "Protocol Buffers", "protobuf"
		if !tooLong(&o, text) {
			readProto(&o, text)
		}
	default:
		o.Language = "text"
	}
	return o
}

func dataLanguage(text string) string {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return "json"
	}
	return "yaml"
}

func tooLong(o *Outline, text string) bool {
	if len(text) <= maxText {
		return false
	}
	o.Problems = []Problem{{Message: "the definition has more than 2 MiB, which is too much to outline"}}
	return true
}

// prose is a description within bounds.
func prose(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= maxProse {
		return s
	}
	return strings.ToValidUTF8(s[:maxProse], "") + "…"
}

// budget bounds what an outline holds.
type budget struct {
	o     *Outline
	items int
}

// spend takes one item, and reports whether there was one left.
func (b *budget) spend() bool {
	if b.items >= maxItems {
		b.o.Cut = true
		return false
	}
	b.items++
	return true
}

func (b *budget) problem(line int, message string) {
	if len(b.o.Problems) < maxProblems {
		b.o.Problems = append(b.o.Problems, Problem{line, message})
	}
}

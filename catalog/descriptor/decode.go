package descriptor

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	maxDepth = 100
	// maxExpanded bounds what a document may grow to by its aliases: the bytes
	// of its texts and nodeCost for each node. Without aliases, in a file of
	// MaxSize, a document stays below it.
	maxExpanded = 8 * MaxSize
	nodeCost    = 8
)

// decode turns a node into JSON values. Problems have places in the document.
func decode(root *yaml.Node) (any, []Problem) {
	d := decoder{budget: maxExpanded}
	value := d.value(root, 0)
	return value, d.problems
}

type decoder struct {
	budget   int        // of maxExpanded; below 0 the rest is not read
	alias    *yaml.Node // the outermost alias that is being followed
	problems []Problem
}

func (d *decoder) add(n *yaml.Node, format string, args ...any) {
	if d.alias != nil {
		n = d.alias
	}
	if len(d.problems) == maxProblems {
		return
	}
	d.problems = append(d.problems, Problem{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)})
}

func (d *decoder) value(n *yaml.Node, depth int) any {
	if d.budget < 0 {
		return nil // it has been said
	}
	if d.budget -= nodeCost + len(n.Value); d.budget < 0 {
		d.add(n, "aliases make this document grow beyond measure; write out what is meant")
		return nil
	}
	if depth > maxDepth {
		d.budget = -1
		d.add(n, "this is nested more than %d deep, or an alias stands inside its own anchor", maxDepth)
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		if d.alias == nil {
			d.alias = n
			defer func() { d.alias = nil }()
		}
		return d.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = d.value(item, depth+1)
		}
		return list
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := asKey(d.value(n.Content[i], depth+1))
			if d.budget < 0 {
				return nil
			}
			if _, twice := m[key]; twice && d.alias == nil { // an anchor has been read before its aliases
				d.add(n.Content[i], "the key %q is there twice in one mapping; remove one of them", key)
			}
			m[key] = d.value(n.Content[i+1], depth+1)
		}
		return m
	default:
		return scalar(n)
	}
}

// keyOf returns the key that a node stands for.
func keyOf(n *yaml.Node) string {
	value, _ := decode(n)
	return asKey(value)
}

// asKey turns a value into a mapping's key, as JavaScript does.
func asKey(key any) string {
	switch k := key.(type) {
	case nil:
		return ""
	case string:
		return k
	default:
		b, _ := json.Marshal(k) // writes numbers as JavaScript does
		return string(b)
	}
}

// scalar resolves a scalar. Tags other than those of the core schema are ignored.
func scalar(n *yaml.Node) any {
	s := n.Value
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if n.Style&yaml.TaggedStyle == 0 {
		if quoted {
			return s
		}
		return plain(s)
	}
	value := plain(s)
	switch value.(type) {
	case nil:
		if n.Tag == "!!null" {
			return nil
		}
	case bool:
		if n.Tag == "!!bool" {
			return value
		}
	case float64:
		if n.Tag == "!!int" || n.Tag == "!!float" {
			return value
		}
	}
	return s
}

var (
	decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	octal   = regexp.MustCompile(`^0o[0-7]+$`)
	hex     = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
)

// plain resolves a scalar without quotes by the core schema of YAML 1.2
// (https://yaml.org/spec/1.2.2/#103-core-schema). The node's own Tag is of no
// use: yaml.v3 finds dates, YAML 1.1 octals and numbers with underscores.
//
// Numbers that JSON does not have become nil, as JavaScript writes them.
func plain(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return nil
	}
	if !strings.ContainsAny(s[:1], "+-.0123456789") {
		return s
	}
	switch {
	case decimal.MatchString(s):
		f, _ := strconv.ParseFloat(s, 64) // an error means that it is infinite
		return finite(f)
	case octal.MatchString(s), hex.MatchString(s):
		i, _ := new(big.Int).SetString(s, 0)
		f, _ := new(big.Float).SetInt(i).Float64()
		return finite(f)
	}
	return s
}

func finite(f float64) any {
	switch {
	case math.IsInf(f, 0):
		return nil
	case f == 0:
		return 0.0 // never -0, which JavaScript writes as 0
	default:
		return f
	}
}

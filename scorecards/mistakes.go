package scorecards

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/callboard/callboard/catalog"
)

// inWords puts the first thing that is wrong with a text into words.
func inWords(text string, issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return issues.Err()
	}
	first := all[0]
	message, _, _ := strings.Cut(first.Message, " (in container")
	before, after := around(text, first.Location)
	if words := mistake(message, before, after); words != "" {
		message = words
	}
	message, _, _ = strings.Cut(message, "\n")
	at := fmt.Sprintf("at character %d", first.Location.Column()+1)
	if line := first.Location.Line(); line > 1 {
		at = fmt.Sprintf("in line %d, %s", line, at)
	}
	return fmt.Errorf("%s: %s", at, message)
}

// around is what stands before a place in a text, and from there on.
func around(text string, at common.Location) (before, after string) {
	lines := strings.SplitAfter(text, "\n")
	n := min(max(at.Line()-1, 0), len(lines)-1)
	line := []rune(lines[n])
	column := min(max(at.Column(), 0), len(line))
	return strings.Join(lines[:n], "") + string(line[:column]), string(line[column:]) + strings.Join(lines[n+1:], "")
}

// What CEL says of mistakes that many make.
var (
	unreadable = regexp.MustCompile(`(?s)^Syntax error: token recognition error at: '(.+)'$`)
	unexpected = regexp.MustCompile(`(?s)^Syntax error: (?:mismatched|extraneous) input '(.+)' expecting (.+)$`)
	unclosed   = regexp.MustCompile(`^Syntax error: missing '([)\]])' at `)
	unfit      = regexp.MustCompile(`^found no matching overload for '(.+)' applied to '\(([\w.]+(?:\(.*?\))?)(?:, ([\w.]+(?:\(.*?\))?))?\)'$`)
	noBool     = regexp.MustCompile(`^expected type 'bool' but found '(.+)'$`)
)

// mistake says what CEL says of an expression in words that do without its grammar, with what
// to write instead; empty if it is none of those that many make.
func mistake(message, before, after string) string {
	if m := unreadable.FindStringSubmatch(message); m != nil {
		return unreadableToken(m[1])
	}
	if m := unclosed.FindStringSubmatch(message); m != nil {
		return notClosed(m[1])
	}
	if m := unexpected.FindStringSubmatch(message); m != nil {
		return unexpectedToken(m[1], m[2], before)
	}
	if m := unfit.FindStringSubmatch(message); m != nil {
		return unfitTypes(m[1], m[2], m[3], before, after)
	}
	if m := noBool.FindStringSubmatch(message); m != nil {
		return noCondition(m[1], "")
	}
	if name, ok := strings.CutPrefix(message, "undeclared reference to 'not'"); ok && (name == "" || name[0] == ' ') {
		return inPlaceOf["not"]
	}
	return ""
}

// badEscape ends where a text has a backslash before what needs none.
var badEscape = regexp.MustCompile(`\\[^abfnrtvxXuU0-7"'` + "`" + `\\?]$`)

// unreadableToken is about characters that are none of CEL's.
func unreadableToken(token string) string {
	switch {
	case strings.HasPrefix(token, "=>"):
		return "write >= to compare"
	case strings.HasPrefix(token, "=<"):
		return "write <= to compare"
	case token[0] == '=':
		return "write == to compare"
	case token[0] == '&':
		return "write && where both have to be true"
	case token[0] == '|':
		return "write || where one of both has to be true"
	case strings.ContainsAny(token[:1], `"'`) && badEscape.MatchString(token):
		return `a backslash in a text is written twice, as in "\\d"`
	case strings.ContainsAny(token[:1], `"'`):
		return "a quote " + token[:1] + " is not closed"
	case strings.ContainsAny(token, "“”„‘’"):
		return `write straight quotes: "…"`
	}
	return ""
}

// inPlaceOf has what other languages call the operators.
var inPlaceOf = map[string]string{
	"and": "write && in place of and",
	"or":  "write || in place of or",
	"not": "write ! in place of not: !(…)",
}

// lastWord is the word that a text ends with.
var lastWord = regexp.MustCompile(`(\w+)\s*$`)

// unexpectedToken is about one that cannot stand where it does.
func unexpectedToken(token, expected, before string) string {
	if words := inPlaceOf[strings.ToLower(token)]; words != "" {
		return words
	}
	if m := lastWord.FindStringSubmatch(before); m != nil && strings.EqualFold(m[1], "not") {
		return inPlaceOf["not"]
	}
	value := strings.Contains(expected, "IDENTIFIER") // anything that has a value
	switch {
	case value && token == "<EOF>":
		return "something is missing at the end"
	case value && before == "" && strings.Contains(")]}", token):
		return notOpened(token)
	case value:
		return "something is missing before " + token
	case expected == "<EOF>" && strings.Contains(")]}", token):
		return notOpened(token)
	case token == "<EOF>" || strings.Contains(")]}", token):
		switch expected {
		case "')'":
			return notClosed(")")
		case "{']', ','}":
			return notClosed("]")
		case "{'}', ','}":
			return notClosed("}")
		}
	}
	return ""
}

// openers are the brackets that others close.
var openers = map[string]string{")": "(", "]": "[", "}": "{"}

func notClosed(closer string) string {
	return fmt.Sprintf("a bracket %s is not closed", openers[closer])
}

func notOpened(closer string) string {
	return fmt.Sprintf("there is no bracket %s that %s could close", openers[closer], closer)
}

// The kinds of values, as people call them.
const (
	aNumber   = "a number"
	aText     = "a text"
	aBool     = "true or false"
	aMoment   = "a moment"
	aDuration = "a duration"
	aList     = "a list"
	aMapping  = "a mapping"
	anOption  = "what may not be there"
	aNull     = "null"
)

// kindOf is what people call a type of CEL.
func kindOf(typ string) string {
	name, _, _ := strings.Cut(typ, "(")
	switch strings.ToLower(strings.TrimPrefix(name, "google.protobuf.")) {
	case "int", "uint", "double":
		return aNumber
	case "string":
		return aText
	case "bool":
		return aBool
	case "timestamp":
		return aMoment
	case "duration":
		return aDuration
	case "list":
		return aList
	case "map":
		return aMapping
	case "optional_type":
		return anOption
	case "null", "null_type":
		return aNull
	}
	return "a " + typ
}

// comparing are the operators that compare.
var comparing = append(slices.Clone(comparisons), operators.Equals, operators.NotEquals)

// Numbers that stand beside an operator.
var (
	numberBefore = regexp.MustCompile(`(?:^|[\s(,&|!])(\d+)\s*$`)
	numberAfter  = regexp.MustCompile(`^[<>=!+-]+\s*(\d+)(?:[\s),&|?:]|$)`)
)

// unfitTypes is about an operator between types that do not go together.
func unfitTypes(operator, left, right, before, after string) string {
	a, b := kindOf(left), kindOf(right)
	are := func(one, other string) bool { return a == one && b == other || a == other && b == one }
	days := "days(…)"
	for _, m := range [][]string{numberBefore.FindStringSubmatch(before), numberAfter.FindStringSubmatch(after)} {
		if m != nil {
			days = "days(" + m[1] + ")"
		}
	}
	compares := slices.Contains(comparing, operator)
	switch {
	case operator == operators.LogicalNot:
		return noCondition(left, "")
	case compares && are(aDuration, aNumber):
		return fmt.Sprintf(`a duration is compared with a number; write %s, or duration("36h")`, days)
	case (operator == operators.Add || operator == operators.Subtract) && are(aDuration, aNumber):
		return fmt.Sprintf(`a duration goes with another one, not with a number; write %s, or duration("36h")`, days)
	case compares && (are(aMoment, aNumber) || are(aMoment, aDuration)):
		return fmt.Sprintf("a moment is compared with %s; write age(…) for how long ago it was, as in age(docs.updated) < days(90)", otherThan(aMoment, a, b))
	case compares && are(aMoment, aText):
		return `a moment is compared with a text; write timestamp("2026-03-12T09:00:00Z")`
	case compares:
		return fmt.Sprintf("%s is compared with %s", a, b)
	}
	return ""
}

func otherThan(one, a, b string) string {
	if a == one {
		return b
	}
	return a
}

// shortName is an expression that can be named within a sentence.
var shortName = regexp.MustCompile(`^[\w.?]+(?:\([\w.]*\))?$`)

// noCondition says what to do with an expression, or a part of one, that is not true or false.
func noCondition(typ, text string) string {
	what := text
	if !shortName.MatchString(what) {
		what = "…"
	}
	how := map[string]string{
		aNumber: "compare it (%s > 0)", aText: `compare it (%s == "…")`, aDuration: "compare it (%s < days(90))",
		aMoment: "compare its age (age(%s) < days(90))", aList: "compare its size (%s.size() > 0)", aMapping: "compare its size (%s.size() > 0)",
		anOption: "say what counts then (%s.orValue(false))",
	}
	kind := kindOf(typ)
	return fmt.Sprintf("%s is no condition; "+cmp.Or(how[kind], "compare it (%s == …)"), kind, what)
}

// plainly shortens what CEL says of an expression that went wrong.
func plainly(err error) error {
	text := strings.TrimPrefix(err.Error(), "operation cancelled: ")
	if key, ok := strings.CutPrefix(text, "no such key: "); ok {
		text = fmt.Sprintf("there is no field %s; ask with has() first, or write .?%s.orValue(…)", key, key)
		if catalog.FieldPath("", key) != key { // it can only be written in brackets
			text = fmt.Sprintf("there is no %s; write [?%q].orValue(…)", key, key)
		}
	}
	if text == "actual cost limit exceeded" {
		text = "it takes more steps than an expression may"
	}
	if strings.HasPrefix(text, noOverload) {
		text = "values of kinds that do not go together meet here"
	}
	return errors.New(cut(text, maxShown)) // it may quote a value in full
}

// noOverload is what CEL says where values meet that do not go together.
const noOverload = "no such overload"

// wentWrong says what went wrong for a subject: where values do not go together, which.
func (e *expression) wentWrong(err error, v *view) error {
	var wrong *types.Err
	if errors.As(err, &wrong) && strings.HasPrefix(wrong.Error(), noOverload) {
		if state, traced := e.trace(v); traced == nil {
			x := clash{e.checked.NativeRep(), state}
			if words := x.words(x.find(x.tree.Expr(), wrong.NodeID())); words != "" {
				return errors.New(words)
			}
		}
	}
	return plainly(err)
}

// clash is an evaluation in which values met that do not go together.
type clash struct {
	tree  *ast.AST
	state interpreter.EvalState
}

// find is the part of an expression with an id; nil if there is none.
func (x clash) find(e ast.Expr, id int64) ast.Expr {
	if e.ID() == id {
		return e
	}
	for _, part := range partsOf(e) {
		if found := x.find(part, id); found != nil {
			return found
		}
	}
	return nil
}

// words say which values met; empty if that is not known, as of a loop that went on since.
func (x clash) words(e ast.Expr) string {
	if e == nil || e.Kind() != ast.CallKind {
		return ""
	}
	if came, _ := x.state.Value(e.ID()); !types.IsError(came) {
		return ""
	}
	name, parts := e.AsCall().FunctionName(), partsOf(e)
	switch name {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		return x.noConditionIn(name, parts)
	}
	for _, part := range parts {
		if value := x.value(part); value == nil || types.IsUnknownOrError(value) {
			return ""
		}
	}
	named := slices.IndexFunc(parts, func(part ast.Expr) bool { return !isConstant(part) && !isNow(part) })
	if named < 0 {
		return ""
	}
	words := x.tells(parts[named])
	if slices.Contains(comparing, name) {
		return words + ", compared with " + x.other(parts[1-named])
	}
	for i, part := range parts {
		if i != named {
			words += ", and " + x.other(part)
		}
	}
	if operator, ok := operators.FindReverse(name); ok {
		name = operator
	}
	return fmt.Sprintf("%s: %s does not take that", words, name)
}

// noConditionIn is about the first part of an operator that should be true or false.
func (x clash) noConditionIn(operator string, parts []ast.Expr) string {
	if operator == operators.Conditional {
		parts = parts[:1]
	}
	for _, part := range flatten(operator, parts) {
		switch x.value(part).(type) {
		case nil, types.Bool, *types.Unknown, *types.Err:
		default:
			return x.tells(part) + ", and no condition"
		}
	}
	return ""
}

// value is what a part came to; nil if it was not looked at.
func (x clash) value(e ast.Expr) ref.Val {
	if e.Kind() == ast.LiteralKind {
		return e.AsLiteral()
	}
	value, _ := x.state.Value(e.ID())
	return value
}

// tells says what a part came to: facts.coverage is a text ("high").
func (x clash) tells(e ast.Expr) string {
	text, _ := cel.ExprToString(e, x.tree.SourceInfo())
	return text + " is " + x.shown(e)
}

// other is the value that another one met: of a constant its kind says enough.
func (x clash) other(e ast.Expr) string {
	if isConstant(e) {
		return kindOf(x.value(e).Type().TypeName())
	}
	text, _ := cel.ExprToString(e, x.tree.SourceInfo())
	return text + ", " + x.shown(e)
}

// shown is the kind of a value, with what tells the most of it. An age would be another at each look.
func (x clash) shown(e ast.Expr) string {
	value := x.value(e)
	switch kind := kindOf(value.Type().TypeName()); kind {
	case aText:
		return fmt.Sprintf("%s (%q)", kind, show(value))
	case aNumber:
		return fmt.Sprintf("%s (%s)", kind, show(value))
	case aBool:
		return show(value)
	default:
		return kind
	}
}

package scorecards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Explanation tells how a rule came to its result.
type Explanation struct {
	Result RuleResult
	Judges *Node // the filter of the card; nil if it has none
	Filter *Node // that of the rule; nil if it has none, or the card does not judge the entity
	Expr   *Node // nil if a filter leaves the entity out
}

// Node is an expression, or a part of one, with what it came to.
type Node struct {
	Text  string `json:"text"` // in CEL
	State State  `json:"state"`
	// Value is for people, but for a moment, which is as RFC 3339 has it; of an error it is what
	// went wrong.
	Value string `json:"value,omitempty"`
	// Input is the variable, or the field below one, that the part reads, named as
	// [Touches] has it; Source is where its fact is from.
	Input    string  `json:"input,omitempty"`
	Source   *Source `json:"source,omitempty"`
	Children []*Node `json:"parts,omitempty"` // parts that are worth looking at, in the order of the text
}

// State is what is known of the value of a part.
type State string

// The states.
const (
	True    State = "true"
	False   State = "false"
	Value   State = "value" // something else than true or false
	Missing State = "unknown"
	Wrong   State = "error"
	// Skipped parts were not looked at, or for several items with several values.
	Skipped State = "skipped"
)

// Explain judges a subject by a rule of the card once more, and keeps the value of each part.
// Both sides of && and || are looked at, so that all that is wrong shows. It takes some ten
// times as long as to evaluate. If the filter of the card leaves the subject out, that is all
// there is to tell.
func (c *Card) Explain(rule *Rule, s *Subject, now time.Time) *Explanation {
	v := newView(s, now)
	var judges *Node
	if c.filter != nil {
		judges = c.filter.explain(v)
	}
	if judges != nil && judges.State != True {
		return &Explanation{Result: RuleResult{Rule: rule.ID, Outcome: outcomeOf(judges.State), Counts: rule.Counts(now)}, Judges: judges}
	}
	x := rule.explain(v)
	x.Judges = judges
	return x
}

// outcomeOf is what a filter that is not true comes to.
func outcomeOf(s State) Outcome {
	switch s {
	case Missing:
		return Unknown
	case Wrong:
		return Error
	default:
		return NotApplicable
	}
}

func (r *Rule) explain(v *view) *Explanation {
	x := &Explanation{Result: r.evaluate(v)}
	if r.filter != nil {
		x.Filter = r.filter.explain(v)
	}
	if r.filter == nil || x.Filter.State == True {
		x.Expr = r.expr.explain(v)
	}
	return x
}

// explainer makes the tree of an evaluation.
type explainer struct {
	tree  *ast.AST
	state interpreter.EvalState
	view  *view
}

func (e *expression) explain(v *view) *Node {
	root := &Node{}
	if state, err := e.trace(v); err == nil {
		x := explainer{e.checked.NativeRep(), state, v}
		root = x.node(x.tree.Expr())
	}
	root.Text = e.text
	// What decides is the evaluation, which looks at no more than it has to.
	value, err := e.eval(v)
	if err != nil {
		root.State, root.Value = Wrong, err.Error()
		return root
	}
	root.State, root.Value = stateOf(value)
	return root
}

// trace evaluates all parts of an expression and returns their values. That the
// whole went wrong is no error.
func (e *expression) trace(v *view) (interpreter.EvalState, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	program, err := env.Program(e.checked, append(counted(maxExplainCost), cel.EvalOptions(cel.OptExhaustiveEval))...)
	if err != nil {
		return nil, err
	}
	_, details, err := program.Eval(v)
	if details == nil || details.State() == nil {
		return nil, fmt.Errorf("no trace of %s: %w", e.text, err)
	}
	return details.State(), nil
}

func stateOf(value ref.Val) (State, string) {
	switch v := value.(type) {
	case nil:
		return Skipped, ""
	case types.Bool:
		if v {
			return True, show(v)
		}
		return False, show(v)
	case *types.Unknown:
		return Missing, show(v)
	case *types.Err:
		return Wrong, plainly(v).Error()
	case types.Duration:
		return Value, showSpanClosely(v.Duration)
	case types.Timestamp:
		if v.Time.Equal(Never()) {
			return Value, textNever
		}
		return Value, v.UTC().Format(time.RFC3339)
	default:
		return Value, show(v)
	}
}

func (x *explainer) node(e ast.Expr) *Node {
	n := &Node{}
	n.Text, _ = cel.ExprToString(e, x.tree.SourceInfo())
	value, _ := x.state.Value(e.ID())
	n.State, n.Value = stateOf(value)
	if path, ok := new(reader).path(e); ok {
		n.Input = path
		n.Source = x.view.source(cmp.Or(reportedFact(e), path))
		return n
	}
	for _, part := range x.parts(e) {
		n.Children = append(n.Children, x.node(part))
	}
	return n
}

// reportedFact is the fact whose time an expression reads, as reported.sbom does; empty if it
// reads none of one name.
func reportedFact(e ast.Expr) string {
	operand, name := ast.Expr(nil), ""
	switch e.Kind() {
	case ast.SelectKind:
		operand, name = e.AsSelect().Operand(), e.AsSelect().FieldName()
	case ast.CallKind:
		if args := e.AsCall().Args(); len(args) == 2 && args[1].Kind() == ast.LiteralKind {
			operand = args[0]
			name, _ = args[1].AsLiteral().Value().(string)
		}
	}
	if operand == nil || operand.Kind() != ast.IdentKind || strings.TrimPrefix(operand.AsIdent(), ".") != "reported" {
		return ""
	}
	return factsPrefix + name
}

// parts are those below an expression that tell something: no literals, and of a loop what
// it goes through and reads besides, since what else is inside has a value for each item.
func (x *explainer) parts(e ast.Expr) []ast.Expr {
	all := partsOf(e)
	switch e.Kind() {
	case ast.CallKind:
		if name := e.AsCall().FunctionName(); name == operators.LogicalAnd || name == operators.LogicalOr {
			all = flatten(name, all)
		}
	case ast.ComprehensionKind:
		all = append([]ast.Expr{e.AsComprehension().IterRange()}, inputsOf(e.AsComprehension().LoopStep())...)
	}
	return slices.DeleteFunc(all, isConstant)
}

// inputsOf are the variables that are read within an expression, each once.
func inputsOf(e ast.Expr) (all []ast.Expr) {
	seen := map[string]bool{}
	var find func(ast.Expr)
	find = func(e ast.Expr) {
		path, is := new(reader).path(e)
		switch {
		case !is:
			for _, part := range partsOf(e) {
				find(part)
			}
		case !seen[path]:
			seen[path] = true
			all = append(all, e)
		}
	}
	find(e)
	return all
}

// isConstant reports whether an expression reads as what it comes to: a literal, a list of
// some, days(90).
func isConstant(e ast.Expr) bool {
	var parts []ast.Expr
	switch e.Kind() {
	case ast.LiteralKind:
	case ast.ListKind:
		parts = e.AsList().Elements()
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != "days" {
			return false
		}
		parts = c.Args()
	default:
		return false
	}
	return !slices.ContainsFunc(parts, func(part ast.Expr) bool { return !isConstant(part) })
}

// flatten makes one list of a && b && c.
func flatten(operator string, parts []ast.Expr) []ast.Expr {
	var all []ast.Expr
	for _, part := range parts {
		if part.Kind() == ast.CallKind && part.AsCall().FunctionName() == operator {
			all = append(all, flatten(operator, part.AsCall().Args())...)
			continue
		}
		all = append(all, part)
	}
	return all
}

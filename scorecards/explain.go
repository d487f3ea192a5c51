package scorecards

import (
	"fmt"
	"slices"
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
	Filter *Node // nil if the rule has none
	Expr   *Node // nil if the filter leaves the entity out
}

// Node is an expression, or a part of one, with what it came to.
type Node struct {
	Text  string // in CEL
	State State
	Value string // for people; of an error what went wrong
	// Input is the variable, or the field below one, that the part reads, named as
	// in [Rule.Inputs]; Source is where its fact is from.
	Input    string
	Source   *Source
	Children []*Node // parts that are worth looking at, in the order of the text
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

// Explain judges a subject by the rule once more, and keeps the value of each
// part. Both sides of && and || are looked at, so that all that is wrong shows.
// It takes some ten times as long as to evaluate.
func (r *Rule) Explain(s *Subject, now time.Time) *Explanation {
	v := newView(s, now)
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
	program, err := env.Program(e.checked, cel.EvalOptions(cel.OptExhaustiveEval), cel.CostLimit(maxExplainCost))
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
		if f, ok := x.view.Subject.fact(path); ok {
			n.Source = f.Source
		}
		return n
	}
	for _, part := range x.parts(e) {
		n.Children = append(n.Children, x.node(part))
	}
	return n
}

// parts are those below an expression that tell something: no literals, and of a
// loop what it goes through, since what is inside has a value for each item.
func (x *explainer) parts(e ast.Expr) []ast.Expr {
	var all []ast.Expr
	switch e.Kind() {
	case ast.SelectKind:
		all = append(all, e.AsSelect().Operand())
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			all = append(all, c.Target())
		}
		all = append(all, c.Args()...)
		if c.FunctionName() == operators.LogicalAnd || c.FunctionName() == operators.LogicalOr {
			all = flatten(c.FunctionName(), all)
		}
	case ast.ListKind:
		all = slices.Clone(e.AsList().Elements())
	case ast.ComprehensionKind:
		all = append(all, e.AsComprehension().IterRange())
	}
	return slices.DeleteFunc(all, func(part ast.Expr) bool { return part.Kind() == ast.LiteralKind })
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

package scorecards

import (
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// CheckAgain is how soon a rule is evaluated again that uses the time in a way
// that does not show when its outcome can change.
const CheckAgain = time.Hour

// times are the moments at which an expression that reads now can change what it
// yields, while all else stays the same.
type times struct {
	// moments yield them: of "age(x) < d" it is x + d, of "now >= t" it is t.
	moments []cel.Program
	// all is set if now is read nowhere else.
	all bool
}

// timesOf looks for comparisons with now.
func timesOf(env *checker, tree *ast.AST) *times {
	t := &times{all: true}
	compared := map[int64]bool{} // uses of now that a moment accounts for
	visit := func(e ast.Expr) {
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 || !slices.Contains(comparisons, e.AsCall().FunctionName()) {
			return
		}
		a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
		for _, side := range [][2]ast.Expr{{a, b}, {b, a}} {
			use, moment := momentOf(tree, side[0], side[1])
			if use == nil {
				continue
			}
			checked, issues := env.Compile(moment)
			if issues.Err() != nil || !checked.OutputType().IsExactType(cel.TimestampType) {
				continue // it has a variable of a comprehension
			}
			program, err := env.Program(checked, limits(env, checked)...)
			if err != nil {
				continue
			}
			t.moments = append(t.moments, program)
			compared[use.ID()] = true
		}
	}
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(visit))
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if isNow(e) && !compared[e.ID()] {
			t.all = false
		}
	}))
	return t
}

// comparisons are the operators that have an order.
var comparisons = []string{operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals}

func isNow(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "now" }

// momentOf returns the expression of the moment at which a comparison between two
// sides turns, and the use of now in it; nil if the first side is not now, or the
// time since something.
func momentOf(tree *ast.AST, a, b ast.Expr) (use ast.Expr, moment string) {
	text := func(e ast.Expr) string {
		s, err := cel.ExprToString(e, tree.SourceInfo())
		if err != nil || uses(e) {
			return ""
		}
		return "(" + s + ")"
	}
	if isNow(a) {
		if t := text(b); t != "" {
			return a, t
		}
		return nil, ""
	}
	if a.Kind() != ast.CallKind || a.AsCall().FunctionName() != operators.Subtract || len(a.AsCall().Args()) != 2 || !isNow(a.AsCall().Args()[0]) {
		return nil, ""
	}
	since, span := text(a.AsCall().Args()[1]), text(b)
	if since == "" || span == "" {
		return nil, ""
	}
	return a.AsCall().Args()[0], since + " + " + span
}

// uses reports whether an expression reads now.
func uses(e ast.Expr) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) { found = found || isNow(e) }))
	return found
}

// next tells when an expression has to be evaluated again if nothing else changes.
func (t *times) next(v *view) Wake {
	var w Wake
	if t == nil {
		return w
	}
	if !t.all {
		w.Polled = v.now
	}
	for _, moment := range t.moments {
		value, _, err := moment.Eval(v)
		at, ok := value.(types.Timestamp)
		switch {
		case err != nil || !ok: // it goes wrong or is unknown, and so does the comparison, whatever the time
		case at.After(v.now):
			w.Turns = earlier(w.Turns, at.Time)
		case at.Time.Equal(v.now): // "until then" ends right after
			w.Turns = earlier(w.Turns, at.Time.Add(time.Nanosecond))
		}
	}
	return w
}

// earlier returns the earlier one; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

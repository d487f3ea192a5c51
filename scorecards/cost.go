package scorecards

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// What an expression may be, and may cost, so that none can hang a portal. A unit
// of cost is about one step, some twenty nanoseconds.
const (
	maxExpression = 4000 // characters
	maxNodes      = 2000
	maxDepth      = 50
	maxRegex      = 2000 // instructions of a compiled pattern
	maxCost       = 5_000_000
	// To explain, both sides of an && are looked at, so that it costs more.
	maxExplainCost = 4 * maxCost
)

// sizes guesses how large things are, generously.
type sizes struct{}

var _ cost.Estimator = sizes{}

// EstimateSize guesses what is no literal.
func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	most := uint64(1000)
	switch path := n.Path(); {
	case n.ComputedSize() != nil:
		return nil
	case len(path) == 1 && path[0] == "repo.files":
		most = 20_000
	case n.Type().Kind() == types.StringKind:
		most = 200
	}
	return &cost.SizeEstimate{Max: most}
}

// EstimateCallCost leaves all to CEL.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// bounded lists the functions that make nothing larger than what they are given.
var bounded = []string{
	operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse, operators.Conditional,
	operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.In, operators.Index, operators.OptIndex, operators.OptSelect, operators.Negate, operators.Subtract,
	"size", "startsWith", "endsWith", "contains", "matches", "days", "duration", "timestamp", "compareVersions", "orValue", "hasValue", "lowerAscii",
}

// limits are the options that keep an expression within its cost. To count steps
// takes as long as to make them: an expression that cannot come near the limit, by
// what can be told without evaluating it, is not counted.
func limits(env *checker, checked *cel.Ast) []cel.ProgramOption {
	limited := []cel.ProgramOption{cel.CostLimit(maxCost)}
	grows := false
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		grows = grows || e.Kind() == ast.CallKind && !slices.Contains(bounded, e.AsCall().FunctionName())
	}))
	if grows {
		return limited
	}
	if guess, err := env.EstimateCost(checked, sizes{}); err != nil || guess.Max > maxCost {
		return limited
	}
	return nil
}

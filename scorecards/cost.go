package scorecards

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
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

// EstimateCallCost leaves to CEL what compares no more than a text or a number: it takes
// lists and mappings to be compared at a glance.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	if function != operators.Equals && function != operators.NotEquals || slices.ContainsFunc(args, isScalar) {
		return nil
	}
	return cost.NewCallEstimate(cost.Estimate{Min: 1, Max: maxFileParts}, nil)
}

// isScalar reports whether there is nothing in a value, whatever it is.
func isScalar(n cost.AstNode) bool {
	switch n.Type().Kind() {
	case types.DynKind, types.AnyKind, types.ListKind, types.MapKind, types.OpaqueKind, types.TypeParamKind, types.StructKind:
		return false
	default:
		return true
	}
}

// bounded lists the functions that make nothing larger than what they are given.
var bounded = []string{
	operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse, operators.Conditional,
	operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.In, operators.Index, operators.OptIndex, operators.OptSelect, operators.Negate, operators.Subtract,
	"size", "startsWith", "endsWith", "contains", "matches", "days", "duration", "timestamp", "compareVersions", "orValue", "hasValue", "lowerAscii",
}

// unfolding counts what is in a value, as often as it is in there. A list that is twice in
// another is made once, and is walked through twice by whoever compares the two: of lists of
// lists of lists that soon is more than anybody can wait for. Lists and mappings remember the
// count. A hundred bytes of a text are one thing, since they are compared at a glance.
var unfolding = types.NewSizeCalculator(types.SizeCalculatorStringUnitLength(100), types.SizeCalculatorMaxDepth(math.MaxInt), types.SizeCalculatorMaxTraversal(maxExplainCost))

func unfolded(v ref.Val) uint64 { return uint64(unfolding.AggregateSize(v)) }

// charges are what calls cost beyond what CEL knows of. A call is charged once it is done:
// what is made costs what it unfolds to, so that no call is given more than was paid for.
type charges struct{}

var _ cost.ActualCostEstimator = charges{}

// made is the function that a literal of a list or mapping is charged as.
const made = "made"

// What a call may take that CEL counts as one step, in units.
const (
	zoneCost = 1000            // to look up a time zone by its name
	maxMade  = 2 * maxFileText // bytes of a text that + makes; a longer one is beyond any limit
)

// linear lists the functions that CEL charges alike for short and for long texts.
var linear = []string{"size", "int", "uint", "double", "bool", "duration", "timestamp", "lowerAscii", "compareVersions"}

// CallCost charges by what has to be walked through, and leaves to CEL what it returns nil for.
func (charges) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	units := uint64(1)
	switch {
	case types.IsUnknown(result):
		return nil
	case types.IsError(result): // which may quote all that it was given
		units += texts(args) + uint64(len(result.(*types.Err).Error()))/2
	case function == made:
		units = unfolded(result)
	case function == operators.Add:
		switch more := args[1].(type) {
		case traits.Lister:
			if _, grows := args[0].(traits.MutableLister); !grows { // what is remembered now is not counted again
				unfolded(result)
			}
			units = unfolded(more.(ref.Val))
		case types.String:
			if len(result.(types.String)) <= maxMade {
				return nil
			}
			units = math.MaxUint64
		default:
			return nil
		}
	case function == operators.Equals, function == operators.NotEquals, function == "hasValue" && len(args) == 2:
		if !isNested(args[0]) || !isNested(args[1]) {
			return nil
		}
		if a, b := sizeOf(args[0]), sizeOf(args[1]); a == b { // else they differ at a glance
			units = unfolded(args[0]) + unfolded(args[1])
		}
	case function == operators.In:
		units = sizeOf(args[1])
		if _, ok := args[1].(traits.Mapper); ok {
			units = 1 + texts(args[:1])
		} else if each := unfolded(args[0]); each > 1 {
			units = each + unfolded(args[1])
		}
	case function == "text":
		units = unfolded(args[0])
	case function == "optional.unwrap", function == "unwrapOpt":
		units = sizeOf(args[0])
	case strings.HasPrefix(function, "get") && len(args) == 2:
		units = zoneCost
	case slices.Contains(linear, function):
		units += texts(args)
	default:
		return nil
	}
	return &units
}

// texts is what it costs to read all that is a text, as CEL has it.
func texts(args []ref.Val) (units uint64) {
	for _, arg := range args {
		if text, ok := arg.(types.String); ok {
			units += uint64(len(text)) / 10
		}
	}
	return units
}

func isNested(v ref.Val) bool {
	switch v.(type) {
	case traits.Lister, traits.Mapper, *types.Optional:
		return true
	}
	return false
}

// sizeOf is how many items there are in a list or mapping; zero if it is neither.
func sizeOf(v ref.Val) uint64 {
	s, ok := v.(traits.Sizer)
	if !ok {
		return 0
	}
	n, _ := s.Size().(types.Int)
	return uint64(n)
}

// literal is a list or mapping in an expression that is charged for what it unfolds to.
type literal struct {
	interpreter.InterpretableConstructor
}

// Exec makes the value.
func (l *literal) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	value := l.InterpretableConstructor.Exec(frame)
	if costs := frame.CostTracker(); costs != nil {
		costs.EvalUnary(frame, l.ID(), l, value, value)
	}
	return value
}

// Eval makes the value.
func (l *literal) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, l.Exec)
}

// Function is the name that it is charged by.
func (l *literal) Function() string { return made }

// OverloadID is the same.
func (l *literal) OverloadID() string { return made }

// asLiteral has a list or mapping charged, but for one of constants, which is made before.
func asLiteral(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	c, ok := i.(interpreter.InterpretableConstructor)
	if !ok || !slices.ContainsFunc(c.InitVals(), func(part interpreter.InterpretableV2) bool {
		_, constant := part.(interpreter.InterpretableConst)
		return !constant
	}) {
		return i, nil
	}
	return &literal{c}, nil
}

// counted are the options that count steps, up to a limit.
func counted(limit uint64) []cel.ProgramOption {
	return []cel.ProgramOption{cel.CostLimit(limit), cel.CostTracking(charges{}), cel.CustomDecoratorV2(asLiteral)}
}

// limits are the options that keep an expression within its cost. To count steps
// takes as long as to make them: an expression that cannot come near the limit, by
// what can be told without evaluating it, is not counted.
func limits(env *checker, checked *cel.Ast) []cel.ProgramOption {
	if grows(checked.NativeRep().Expr(), false) {
		return counted(maxCost)
	}
	if guess, err := env.EstimateCost(checked, sizes{}); err != nil || guess.Max > maxCost {
		return counted(maxCost)
	}
	return nil
}

// grows reports whether an expression may make something that is larger than what it is given:
// by a function, or by what a loop gives a name to and puts into a list or mapping.
func grows(e ast.Expr, named bool) bool {
	switch e.Kind() {
	case ast.CallKind:
		if !slices.Contains(bounded, e.AsCall().FunctionName()) {
			return true
		}
	case ast.ListKind, ast.MapKind:
		if named && !isConstant(e) {
			return true
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return grows(c.IterRange(), named) || slices.ContainsFunc([]ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}, func(part ast.Expr) bool { return grows(part, true) })
	}
	return slices.ContainsFunc(partsOf(e), func(part ast.Expr) bool { return grows(part, named) })
}

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// decode reads the body of a request of our own surface, which must be the JSON of
// into and nothing more. The error is of kind fault.Invalid and begins with what the body
// is to say.
func decode(c echo.Context, into any, says string) error {
	dec := json.NewDecoder(c.Request().Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something stands after it")
		}
	}
	if err != nil {
		return fault.New(fault.Invalid, "the body must be JSON that says %s: %w", says, plainly(err))
	}
	return nil
}

// plainly says what is wrong with JSON in words that do without Go.
func plainly(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it breaks off")
	case errors.As(err, &syntax):
		return fmt.Errorf("at byte %d, %w", syntax.Offset, syntax)
	case errors.As(err, &wrongType) && wrongType.Type.Kind() == reflect.Float64 && strings.HasPrefix(wrongType.Value, "number "):
		return tooLargeError(wrongType.Value)
	case errors.As(err, &wrongType):
		what := wrongType.Field
		if what == "" {
			what = "it"
		}
		return fmt.Errorf("%s must be %s, found %s", what, typeWord(wrongType.Type), wrongType.Value)
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("there is no field %s", field)
	}
	return err
}

// tooLargeError is a number that is larger than what a number may be: "number 1e999".
type tooLargeError string

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the %s is too large; the largest are some 1.7e308", string(e))
}

// typeWord is what JSON calls a type.
func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Pointer:
		return typeWord(t.Elem())
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint64:
		return "a whole number, 0 or more"
	default:
		return "a number"
	}
}

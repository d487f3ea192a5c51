package forgeapi

import (
	"iter"

	"github.com/callboard/callboard/internal/fault"
)

// maxPages is how many pages a list may have.
const maxPages = 1000

// Pages yields what is on all pages of a list; an error is the last. Page returns the
// page of a number, 0 for the first, and the number of the next, 0 if there is none.
// What is done is said in errors.
func Pages[T any, N int | int64](doing string, page func(number N) (some []T, next N, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var number N
		for range maxPages {
			some, next, err := page(number)
			if err == nil && some == nil {
				err = fault.New(fault.Unavailable, "%s: the answer is no list", doing)
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
			if next == 0 {
				return
			}
			number = next
		}
		yield(none, fault.New(fault.Invalid, "%s: the list does not end", doing))
	}
}

// Collect reads a list to its end.
func Collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for one, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

package scorecards

import "math"

// Percent is a share in whole percent, as it is written everywhere: to the nearest, but 100
// only if nothing is missing. It is 0 of nothing.
func Percent(part, of float64) int {
	if of <= 0 {
		return 0
	}
	share := 100 * part / of
	if n := int(math.Round(share)); n < 100 || share > 100-1e-9 {
		return n
	}
	return 99
}

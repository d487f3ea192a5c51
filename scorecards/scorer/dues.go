package scorer

import (
	"container/heap"
	"time"
)

// dues tell when pairs are to be judged again though nothing happens.
type dues struct {
	at    map[pair]time.Time
	queue queue // the earliest first; what is not as in at any more does not count
}

type due struct {
	pair
	at time.Time
}

func newDues() *dues { return &dues{at: map[pair]time.Time{}} }

// set replaces that of a pair; zero is none.
func (d *dues) set(p pair, at time.Time) {
	if at.IsZero() {
		delete(d.at, p)
		return
	}
	if !d.at[p].Equal(at) {
		d.at[p] = at
		heap.Push(&d.queue, due{p, at})
	}
}

// next returns the earliest; false if there is none.
func (d *dues) next() (time.Time, bool) {
	for len(d.queue) > 0 {
		first := d.queue[0]
		if at, ok := d.at[first.pair]; ok && at.Equal(first.at) {
			return at, true
		}
		heap.Pop(&d.queue)
	}
	return time.Time{}, false
}

// take removes and returns the pairs that are due by a time.
func (d *dues) take(by time.Time) []pair {
	var all []pair
	for at, ok := d.next(); ok && !at.After(by); at, ok = d.next() {
		p := heap.Pop(&d.queue).(due).pair
		delete(d.at, p)
		all = append(all, p)
	}
	return all
}

// queue is a heap.
type queue []due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements [heap.Interface].
func (q *queue) Push(x any) { *q = append(*q, x.(due)) }

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

package scorer

import (
	"container/heap"
	"time"
)

// dues tell when pairs are to be judged again though nothing happens. There is one of each
// pair at most.
type dues struct {
	of    map[pair]*due
	queue queue // the earliest first
}

type due struct {
	pair
	at    time.Time
	index int // in the queue
}

func newDues() *dues { return &dues{of: map[pair]*due{}} }

// fork returns a copy that can be written to without the other knowing.
func (d *dues) fork() *dues {
	f := &dues{of: make(map[pair]*due, len(d.queue)), queue: make(queue, len(d.queue))}
	all := make([]due, len(d.queue))
	for i, one := range d.queue {
		all[i] = *one
		f.queue[i], f.of[one.pair] = &all[i], &all[i]
	}
	return f
}

// set replaces that of a pair; zero is none.
func (d *dues) set(p pair, at time.Time) {
	was := d.of[p]
	switch {
	case at.IsZero() && was == nil:
	case at.IsZero():
		heap.Remove(&d.queue, was.index)
		delete(d.of, p)
	case was == nil:
		one := &due{pair: p, at: at}
		d.of[p] = one
		heap.Push(&d.queue, one)
	case !was.at.Equal(at):
		was.at = at
		heap.Fix(&d.queue, was.index)
	}
}

// next returns the earliest; false if there is none.
func (d *dues) next() (time.Time, bool) {
	if len(d.queue) == 0 {
		return time.Time{}, false
	}
	return d.queue[0].at, true
}

// take removes and returns the pairs that are due by a time.
func (d *dues) take(by time.Time) []pair {
	var all []pair
	for len(d.queue) > 0 && !d.queue[0].at.After(by) {
		p := heap.Pop(&d.queue).(*due).pair
		delete(d.of, p)
		all = append(all, p)
	}
	return all
}

// queue is a heap.
type queue []*due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) {
	one := x.(*due)
	one.index = len(*q)
	*q = append(*q, one)
}

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return x
}

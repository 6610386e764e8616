;; The two passes of a resampling of 8-bit pictures, with 128-bit vectors. vectors.test.ts makes
;; resample-wasm.ts of it (`npx vitest run vectors -u`).
;;
;; A table says what each output is made of: entries of `stride` bytes, each with the offset of its first input, the
;; number of inputs and their weights, in fixed point of 22 bits. Sums start at a half, are shifted back and clamped to
;; 0..255.

(module
  (memory (export "memory") 1)

  ;; Rows of red, green and blue: `columns` outputs of each row at `from`, rows being `pitch` bytes apart. Reads and writes
  ;; one byte more than it should.
  (func (export "across")
    (param $from i32) (param $pitch i32) (param $rows i32)
    (param $table i32) (param $stride i32) (param $columns i32) (param $to i32)
    (local $entry i32) (local $last i32) (local $at i32) (local $weight i32) (local $end i32) (local $sum v128)
    (local.set $last (i32.add (local.get $table) (i32.mul (local.get $columns) (local.get $stride))))
    (loop $row
      (local.set $entry (local.get $table))
      (loop $column
        (local.set $at (i32.add (local.get $from) (i32.load (local.get $entry))))
        (local.set $weight (i32.add (local.get $entry) (i32.const 8)))
        (local.set $end (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $entry)) (i32.const 2))))
        (local.set $sum (i32x4.splat (i32.const 0x200000)))
        (loop $tap
          (local.set $sum
            (i32x4.add
              (local.get $sum)
              (i32x4.mul
                (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $at))))
                (v128.load32_splat (local.get $weight)))))
          (local.set $at (i32.add (local.get $at) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (i32.lt_u (local.get $weight) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $to (i32.add (local.get $to) (i32.const 3)))
        (local.set $entry (i32.add (local.get $entry) (local.get $stride)))
        (br_if $column (i32.lt_u (local.get $entry) (local.get $last))))
      (local.set $from (i32.add (local.get $from) (local.get $pitch)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows))))

  ;; `rows` outputs, each of `width` bytes, of rows of `width` bytes at `from`. Reads and writes up to 15 bytes more.
  (func (export "down")
    (param $from i32) (param $width i32)
    (param $table i32) (param $stride i32) (param $rows i32) (param $to i32)
    (local $x i32) (local $at i32) (local $weight i32) (local $end i32) (local $factor v128) (local $bytes v128)
    (local $half v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $half (i32x4.splat (i32.const 0x200000)))
    (loop $row
      (local.set $x (i32.const 0))
      (loop $block
        (local.set $at (i32.add (i32.add (local.get $from) (local.get $x)) (i32.load (local.get $table))))
        (local.set $weight (i32.add (local.get $table) (i32.const 8)))
        (local.set $end (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $table)) (i32.const 2))))
        (local.set $a (local.get $half))
        (local.set $b (local.get $half))
        (local.set $c (local.get $half))
        (local.set $d (local.get $half))
        (loop $tap
          (local.set $factor (v128.load32_splat (local.get $weight)))
          (local.set $bytes (i16x8.extend_low_i8x16_u (v128.load (local.get $at))))
          (local.set $a (i32x4.add (local.get $a)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $b (i32x4.add (local.get $b)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $bytes (i16x8.extend_high_i8x16_u (v128.load (local.get $at))))
          (local.set $c (i32x4.add (local.get $c)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $d (i32x4.add (local.get $d)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $at (i32.add (local.get $at) (local.get $width)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (i32.lt_u (local.get $weight) (local.get $end))))
        (v128.store (i32.add (local.get $to) (local.get $x))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $block (i32.lt_u (local.get $x) (local.get $width))))
      (local.set $to (i32.add (local.get $to) (local.get $width)))
      (local.set $table (i32.add (local.get $table) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows)))))

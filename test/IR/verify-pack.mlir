// RUN: quant-opt %s -split-input-file -verify-diagnostics

func.func @pack_c1(%x: tensor<i4>) {
  // expected-error@+1 {{expected codes of rank 1 or more, got 'tensor<i4>'}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<i4> to tensor<i8>
  return
}

// -----

func.func @pack_c2(%x: tensor<8x64xi4>) {
  // expected-error@+1 {{expected bytes of shape 8x32 for codes 'tensor<8x64xi4>', got 8x64}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x64xi8>
  return
}

// -----

// 9 bits need a second byte.
func.func @pack_c2_odd(%x: tensor<3xui3>) {
  // expected-error@+1 {{expected bytes of shape 2 for codes 'tensor<3xui3>', got 1}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<3xui3> to tensor<1xi8>
  return
}

// -----

func.func @pack_c2_rank(%x: tensor<8x64xi4>) {
  // expected-error@+1 {{expected bytes of shape 8x32 for codes 'tensor<8x64xi4>', got 256}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<8x64xi4> to tensor<256xi8>
  return
}

// -----

// The number of bits does not fit 64 bits; that of the bytes does.
func.func @pack_c2_huge(%x: tensor<9223372036854775807xi7>) {
  // expected-error@+1 {{expected bytes of shape 8070450532247928832 for}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<9223372036854775807xi7> to tensor<1xi8>
  return
}

// -----

func.func @wide_codes(%x: tensor<8x64xi16>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 2 to 8 bit signless or unsigned integer values, but got 'tensor<8x64xi16>'}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<8x64xi16> to tensor<8x128xi8>
  return
}

// -----

func.func @one_bit(%x: tensor<8x64xi1>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 2 to 8 bit signless or unsigned integer values, but got 'tensor<8x64xi1>'}}
  %r = quantx.pack %x as #quantx.packing<linear> : tensor<8x64xi1> to tensor<8x8xi8>
  return
}

// -----

func.func @pack_c3(%x: tensor<8x64xi3>) {
  // expected-error@+1 {{expected codes of 4 bits for split_half packing, got 'tensor<8x64xi3>'}}
  %r = quantx.pack %x as #quantx.packing<split_half> : tensor<8x64xi3> to tensor<8x24xi8>
  return
}

// -----

func.func @pack_c3_interleaved(%x: tensor<8x64xui8>) {
  // expected-error@+1 {{expected codes of 4 bits for interleaved8 packing, got 'tensor<8x64xui8>'}}
  %r = quantx.pack %x as #quantx.packing<interleaved8> : tensor<8x64xui8> to tensor<8x64xi8>
  return
}
